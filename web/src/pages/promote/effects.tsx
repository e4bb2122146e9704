/** What it asks of the nodes, what it waits for, and in which order it goes. */
import type { Gate, Impact, Pipeline, Plan } from '../../api/types.gen';
import { cpu, difference, memory } from '../../model/amount';
import { silentClusters } from '../../model/clusters';
import type { Look } from '../../model/state';
import { clock, duration } from '../../model/time';
import { GateList } from '../../ui/gate-list';
import { LevelBar } from '../../ui/level';
import { Mark } from '../../ui/mark';
import { failureWords, levelOf, wavesOf, wayOf } from './plan';

type Glyph = Pick<Look, 'shape' | 'family'>;

const fitLooks: Record<Impact['fit'], Glyph> = {
  fits: { shape: 'tick', family: 'ok' },
  too_large: { shape: 'triangle', family: 'attention' },
  unknown: { shape: 'dashed', family: 'neutral' },
};

function Resource({ impact, of, name, words }: { impact: Impact; of: 'cpuMilli' | 'memoryBytes'; name: string; words: (value: number) => string }) {
  const level = levelOf(impact, of);
  if (!level) return null;
  const surge = level.peak - Math.max(level.now, level.after);
  return (
    <div class="impact-line">
      <span class="name">{name}</span>
      <LevelBar parts={[{ kind: 'asked', value: Math.min(level.now, level.after) }, { kind: 'more', value: level.after - level.now }, { kind: 'surge', value: surge }]} of={level.allocatable} />
      <span>
        {difference(level.after - level.now, words)}
        {surge > 0 && `, +${words(surge)} while old and new run`}
        <span class="muted">
          {' '}
          · {words(level.after)} of {words(level.allocatable)} asked for
        </span>
      </span>
    </div>
  );
}

export function ImpactList({ impacts }: { impacts: readonly Impact[] }) {
  return (
    <ul class="plain impacts">
      {impacts.map((impact) => (
        <li key={impact.target}>
          <div class="with-mark">
            <Mark look={fitLooks[impact.fit]} />
            <span class="foreign">
              <b>{impact.target}</b>: {impact.why}
            </span>
          </div>
          <Resource impact={impact} of="cpuMilli" name="CPU" words={cpu} />
          <Resource impact={impact} of="memoryBytes" name="Memory" words={memory} />
        </li>
      ))}
    </ul>
  );
}

export function Gates({ gates }: { gates: readonly Gate[] }) {
  if (!gates.length) return <p class="muted">No gate stands before it: it begins at once.</p>;
  const isShut = gates.some((gate) => gate.verdict !== 'open');
  return (
    <>
      <GateList gates={gates} />
      {isShut && <p class="muted">If you promote now, it will wait here.</p>}
    </>
  );
}

function Silent({ clusters }: { clusters: readonly string[] }) {
  const silent = clusters.filter((name) => silentClusters.value.has(name));
  return (
    <>
      {silent.map((name) => {
        const since = silentClusters.value.get(name);
        return (
          <p key={name} class="with-mark">
            <Mark look={{ shape: 'dashed', family: 'attention' }} />
            <span class="foreign">
              {name} has {since ? `not reported for ${duration(clock.value - Date.parse(since))}` : 'never reported'}: it applies the commit when it is back.
            </span>
          </p>
        );
      })}
    </>
  );
}

export function Order({ plan, pipeline }: { plan: Plan; pipeline: Pipeline | null }) {
  const waves = wavesOf(plan);
  const stage = pipeline?.stages.find((one) => one.name === plan.to);
  return (
    <>
      <p class="foreign">
        {wayOf(waves, stage?.pullRequest ?? false)} {stage && failureWords[stage.onFailure]}
      </p>
      <Silent clusters={waves.flat()} />
    </>
  );
}
