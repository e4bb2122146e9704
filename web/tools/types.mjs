// node types.mjs OPENAPI.json OUTPUT.ts: TypeScript types of the API's schemas and of what each route answers.
import { readFileSync, writeFileSync } from 'node:fs';

const [input, output] = process.argv.slice(2);
const document = JSON.parse(readFileSync(input, 'utf8'));

const nameOf = (reference) => reference.split('/').at(-1);
const quoted = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

function typeOf(schema, depth) {
  if (!schema) return 'unknown';
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if ('const' in schema) return JSON.stringify(schema.const);
  const either = schema.oneOf ?? schema.anyOf;
  if (either) return either.map((one) => typeOf(one, depth)).join(' | ');
  if (schema.allOf) return schema.allOf.map((one) => typeOf(one, depth)).join(' & ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, depth)).join(' | ');
  switch (schema.type) {
    case 'string': return 'string';
    case 'integer':
    case 'number': return 'number';
    case 'boolean': return 'boolean';
    case 'null': return 'null';
    case 'array': return `(${typeOf(schema.items, depth)})[]`;
    default: return objectOf(schema, depth);
  }
}

function objectOf(schema, depth) {
  const indent = '  '.repeat(depth + 1);
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(
    ([name, one]) => `${indent}${quoted(name)}${required.has(name) ? '' : '?'}: ${typeOf(one, depth + 1)};`,
  );
  if (!fields.length) return 'Record<string, unknown>';
  return `{\n${fields.join('\n')}\n${'  '.repeat(depth)}}`;
}

function answerOf(operation) {
  const good = Object.entries(operation.responses).find(([status]) => status.startsWith('2'));
  const content = good?.[1].content;
  if (!content) return 'void';
  return content['application/json'] ? typeOf(content['application/json'].schema, 1) : 'string';
}

const schemas = Object.entries(document.components.schemas).map(
  ([name, schema]) => `export type ${name} = ${typeOf(schema, 0)};`,
);
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => {
    const body = operation.requestBody?.content?.['application/json']?.schema;
    return `  '${method.toUpperCase()} ${path}': { body: ${body ? typeOf(body, 1) : 'undefined'}; answer: ${answerOf(operation)} };`;
  }),
);

writeFileSync(
  output,
  `// Made from src/api/openapi.json by web/tools/types.mjs.
${schemas.join('\n\n')}

export interface Operations {
${operations.join('\n')}
}
`,
);
