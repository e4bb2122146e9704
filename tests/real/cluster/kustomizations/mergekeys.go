package main

import (
	"fmt"
	"sort"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// A field that is a merged list, or leads to one.
type field struct {
	name, keys string // keys: "name" or "port,protocol"; "-" of a list of plain values; "" of no merged list
	below      string // the definition of the value, of an item, or of each value of a map; "" when nothing is below
}

var definitions map[string][]field

func resolve(s *spec.Schema) (*spec.Schema, string) {
	name := ""
	for s.Ref.String() != "" {
		name = strings.TrimPrefix(s.Ref.String(), "#/definitions/")
		found, err := openapi.Resolve(&s.Ref, openapi.Schema())
		if err != nil {
			return s, ""
		}
		s = found
	}
	return s, name
}

func fieldOf(name string, s *spec.Schema) field {
	value, below := resolve(s)
	made := field{name: name, below: below}
	strategy, keys := (&openapi.ResourceSchema{Schema: value}).PatchStrategyAndKeyList()
	for _, word := range strings.Split(strategy, ",") {
		if word == "merge" {
			made.keys = strings.Join(append(keys, ""), ",")
			made.keys = strings.TrimSuffix(made.keys, ",")
			if len(keys) == 0 {
				made.keys = "-"
			}
		}
	}
	if value.Items != nil && value.Items.Schema != nil {
		_, made.below = resolve(value.Items.Schema)
	} else if value.AdditionalProperties != nil && value.AdditionalProperties.Schema != nil {
		_, made.below = resolve(value.AdditionalProperties.Schema)
	}
	return made
}

// walk fills `definitions` and says whether anything below is merged.
func walk(name string) bool {
	if known, ok := definitions[name]; ok {
		return len(known) > 0
	}
	definitions[name] = nil
	definition := openapi.Schema().Definitions[name]
	var made []field
	for property := range definition.Properties {
		value := definition.Properties[property]
		found := fieldOf(property, &value)
		if found.below != "" && !walk(found.below) {
			found.below = ""
		}
		if found.below != "" || found.keys != "" {
			made = append(made, found)
		}
	}
	sort.Slice(made, func(i, j int) bool { return made[i].name < made[j].name })
	definitions[name] = made
	return len(made) > 0
}

// Definitions with equal fields become one; it has the shortest name of them.
func shapes() map[string]string {
	classes := map[string]string{}
	for name := range definitions {
		classes[name] = ""
	}
	for round := 0; round < 20; round++ { // no definition is nested deeper
		next := map[string]string{}
		for name, list := range definitions {
			text := ""
			for _, f := range list {
				text += f.name + ":" + f.keys + ":"
				if f.below != "" {
					text += fmt.Sprintf("%x", hash(classes[f.below]))
				}
				text += ";"
			}
			next[name] = text
		}
		classes = next
	}
	names := map[string]string{}
	for name, class := range classes {
		if best, ok := names[class]; !ok || len(plain(name)) < len(plain(best)) ||
			len(plain(name)) == len(plain(best)) && name < best {
			names[class] = name
		}
	}
	used := map[string]bool{}
	made := map[string]string{}
	var order []string
	for _, name := range names {
		order = append(order, name)
	}
	sort.Strings(order)
	final := map[string]string{}
	for _, name := range order {
		word := plain(name)
		if used[word] {
			parts := strings.Split(name, ".")
			word = strings.ToUpper(parts[len(parts)-2]) + "_" + word
		}
		used[word] = true
		final[name] = "OF_" + renamed(word)
	}
	for name, class := range classes {
		made[name] = final[names[class]]
	}
	made[""] = "OF_NOTHING"
	return made
}

func hash(text string) uint64 {
	sum := uint64(14695981039346656037)
	for i := 0; i < len(text); i++ {
		sum = (sum ^ uint64(text[i])) * 1099511628211
	}
	return sum
}

// "io.k8s.api.core.v1.PodSpec" becomes "POD_SPEC".
func plain(name string) string {
	last, word := 'A', ""
	for _, r := range name[strings.LastIndex(name, ".")+1:] {
		if r >= 'A' && r <= 'Z' && last >= 'a' && last <= 'z' {
			word += "_"
		}
		word += strings.ToUpper(string(r))
		last = r
	}
	return word
}

func kindsOf(name string) []string {
	var rows []string
	list, _ := openapi.Schema().Definitions[name].Extensions["x-kubernetes-group-version-kind"].([]interface{})
	for _, one := range list {
		kind := one.(map[string]interface{})
		version := kind["version"].(string)
		if group := kind["group"].(string); group != "" {
			version = group + "/" + version
		}
		rows = append(rows, fmt.Sprintf("\"%s\", \"%s\"", version, kind["kind"]))
	}
	return rows
}

const head = `/* Which lists a strategic merge takes together, and by which keys.  This is kyaml's built-in
   OpenAPI (Kubernetes %s), without what leads to no such list; written by
   tests/real/cluster/kustomizations merge-keys, and a test there holds it to that. */
#include "render/merge_keys.h"

/* clang-format off */
`

func printMergeKeys() {
	openapi.SchemaForResourceType(yaml.TypeMeta{APIVersion: "v1", Kind: "Pod"}) // it reads the schema
	definitions = map[string][]field{}
	kinds := map[string]string{}
	for name := range openapi.Schema().Definitions {
		if !walk(name) || strings.HasSuffix(name, "List") {
			continue
		}
		for _, kind := range kindsOf(name) {
			kinds[kind] = name
		}
	}
	shape := shapes()
	reached := map[string]bool{}
	var reach func(name string)
	reach = func(name string) {
		if name == "" || reached[name] {
			return
		}
		reached[name] = true
		for _, f := range definitions[name] {
			reach(f.below)
		}
	}
	for _, name := range kinds {
		reach(name)
	}
	fields := map[string][]field{}
	for name := range reached {
		fields[shape[name]] = definitions[name]
	}
	var types, rows []string
	for name := range fields {
		types = append(types, name)
	}
	sort.Strings(types)
	for kind, name := range kinds {
		rows = append(rows, fmt.Sprintf("    {%s, %s},\n", kind, shape[name]))
	}
	sort.Strings(rows)
	fmt.Printf(head, openapi.GetSchemaVersion())
	fmt.Print("enum {\n    OF_NOTHING = MERGE_NOTHING,\n")
	for _, name := range types {
		fmt.Printf("    %s,\n", name)
	}
	fmt.Print("};\n\nconst struct merge_kind merge_kinds[] = {\n" + strings.Join(rows, "") + "};\n")
	fmt.Print("const size_t merge_kind_count = COUNT_OF(merge_kinds);\n\n")
	fmt.Print("/* By type. */\nconst struct merge_field merge_fields[] = {\n")
	for _, name := range types {
		for _, f := range fields[name] {
			keys := "NULL"
			if f.keys != "" {
				keys = `"` + strings.TrimPrefix(f.keys, "-") + `"`
			}
			fmt.Printf("    {%s, \"%s\", %s, %s},\n", name, f.name, keys, shape[f.below])
		}
	}
	fmt.Print("};\nconst size_t merge_field_count = COUNT_OF(merge_fields);\n")
}

// Names that say what the definitions of one shape have in common, where the shortest would mislead.
func renamed(word string) string {
	for _, pair := range [][2]string{{"ROLE", "METADATA"}, {"JOB", "WORKLOAD"}, {"JOB_SPEC", "WORKLOAD_SPEC"},
		{"JOB_STATUS", "CONDITIONS"}, {"METRIC_IDENTIFIER", "SELECTOR"}, {"POD_DISRUPTION_BUDGET", "CLAIM"},
		{"PODS_METRIC_SOURCE", "METRIC"}} {
		if word == pair[0] {
			return pair[1]
		}
	}
	return word
}
