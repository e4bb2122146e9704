/** The Pipeline: which way versions go, what they must pass, and how it is in each stage. */
import { computed } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { me } from '../../api/session';
import { useCommands } from '../../frame/commands';
import { board } from '../../model/board';
import { silentClusters } from '../../model/clusters';
import { cellLooks } from '../../model/state';
import { clock, duration } from '../../model/time';
import { go, setQuery } from '../../router';
import { useShortcuts } from '../../ui/keys';
import { Mark } from '../../ui/mark';
import { Loading, Notice, ProblemBanner, ProblemNotice } from '../../ui/notice';
import { Graph, ZoomButtons } from './graph';
import {
  boardLink, chosenStage, chosenWorkload, newestWords, outline, pipeline, pipelineProblem, readPipeline, tallyOf, usePipeline, wavesOf, wayIn,
  type Branch, type PipelineStage,
} from './view';
import './pipeline.css';

const branches = computed(() => outline(pipeline.value?.stages ?? []));
const names = computed(() => board.rows.value.map((row) => row.name).sort((a, b) => a.localeCompare(b)));

function Tools() {
  return (
    <div class="tools">
      <label class="labelled">
        Versions of
        <select class="field" value={chosenWorkload.value} onChange={(event) => setQuery({ workload: event.currentTarget.value || null }, 'push')}>
          <option value="">no workload in particular</option>
          {names.value.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <span class="spacer" />
      <ZoomButtons />
    </div>
  );
}

/** What heddle could not read in the repository; what it read before stays in force. */
function Problems() {
  const problems = pipeline.value?.problems ?? [];
  if (!problems.length) return null;
  return (
    <section class="problems" aria-label="Problems in the repository">
      <h2>
        <Mark look={{ shape: 'triangle', family: 'attention' }} />
        {problems.length === 1 ? 'One problem' : `${problems.length} problems`} in the repository
      </h2>
      <ul>
        {problems.map(({ file, line, text }) => (
          <li key={`${file} ${line} ${text}`} class="foreign">
            {file && (
              <code>
                {file}
                {line > 0 && `:${line}`}
              </code>
            )}{' '}
            {text}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Silence({ stage }: { stage: PipelineStage }) {
  const silent = stage.targets.filter(({ cluster }) => silentClusters.value.has(cluster));
  return (
    <>
      {silent.map(({ cluster }) => {
        const since = silentClusters.value.get(cluster);
        return (
          <p key={cluster} class="silent foreign">
            {cluster}: {since ? `no data for ${duration(clock.value - Date.parse(since))}` : 'no data yet'}
          </p>
        );
      })}
    </>
  );
}

function StageItem({ branch: { stage, children } }: { branch: Branch }) {
  const tally = tallyOf(stage.name);
  return (
    <li>
      <div class="stage">
        <h3>
          <a class="foreign" href={boardLink(stage.name)}>
            {stage.name}
          </a>
        </h3>
        <p class="foreign">{wayIn(stage)}</p>
        <p class="muted foreign">
          {stage.targets.length === 1 ? 'Cluster' : 'Clusters'} {wavesOf(stage)}
        </p>
        <Silence stage={stage} />
        <p class="tally">
          {tally.states.map(({ state, count }) => (
            <a key={state} href={boardLink(stage.name, state)}>
              <Mark look={cellLooks[state]} />
              {count} {cellLooks[state].word.toLowerCase()}
            </a>
          ))}
          <span class="muted">{newestWords(tally)}</span>
        </p>
      </div>
      {children.length > 0 && (
        <ol>
          {children.map((child) => (
            <StageItem key={child.stage.name} branch={child} />
          ))}
        </ol>
      )}
    </li>
  );
}

function Empty() {
  const server = me.value?.server;
  return (
    <Notice title="No pipeline yet">
      <p>
        It stands in <code>heddle.yaml</code> at the root of <code class="foreign">{server?.branch}</code> of <code class="foreign">{server?.repository}</code>: stages, what each takes
        from, and its gates.
      </p>
      <p>
        <code>heddle scan</code> shows which targets it would have, guessed from the folders that are there.
      </p>
    </Notice>
  );
}

function Whole() {
  return (
    <>
      <Tools />
      <div class="frame-of-graph">
        <Graph />
      </div>
      <section class="outline" aria-label="The pipeline as a list">
        <h2>Stage by stage</h2>
        <ol>
          {branches.value.map((branch) => (
            <StageItem key={branch.stage.name} branch={branch} />
          ))}
        </ol>
      </section>
    </>
  );
}

export function PipelinePage() {
  usePipeline();
  useCommands(() => (pipeline.peek()?.stages ?? []).map(({ name }) => ({ title: `${name} on the Board`, kind: 'Stage', run: () => go('/board', { q: `stage:${name}` }) })));
  useShortcuts([
    { keys: '← ↑ ↓ →', does: 'Walk from stage to stage', run: () => {} }, // the graph hears them itself, where the focus is
    { keys: 'Escape', does: 'No stage and no workload in particular', run: () => (chosenStage.peek() || chosenWorkload.peek()) && setQuery({ stage: null, workload: null }, 'push') },
  ]);
  useEffect(() => void (document.title = 'Pipeline · heddle'), []);
  const problem = pipelineProblem.value;
  const retry = () => void readPipeline();
  if (!pipeline.value) {
    if (problem) return <ProblemNotice what="The pipeline cannot be read" problem={problem} onRetry={retry} />;
    return (
      <Loading>
        <div class="pipeline" aria-hidden="true">
          <div class="skeleton" style={{ width: '60%', height: '84px' }} />
        </div>
      </Loading>
    );
  }
  return (
    <div class="pipeline">
      {problem && <ProblemBanner what="This is what was read before:" problem={problem} onRetry={retry} />}
      <h1>
        Pipeline <span class="foreign">{pipeline.value.name}</span>
      </h1>
      <Problems />
      {pipeline.value.stages.length ? <Whole /> : <Empty />}
    </div>
  );
}
