/** What the nodes have, what is asked of them, and what is used when something measures it. */
import type { Capacity as Measured, Cluster, ClusterWorkload } from '../../api/types.gen';
import { cpu, memory, percent } from '../../model/amount';
import { LevelBar } from '../../ui/level';
import { Notice } from '../../ui/notice';

interface Line {
  name: string;
  words: (value: number) => string;
  used?: number;
  requested: number;
  allocatable: number;
}

function Level({ line: { name, words, used, requested, allocatable } }: { line: Line }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        <div class="bars">
          <LevelBar parts={[{ kind: 'asked', value: requested }]} of={allocatable} />
          {used !== undefined && <LevelBar parts={[{ kind: 'used', value: used }]} of={allocatable} />}
        </div>
      </td>
      <td class="number">
        {words(requested)} <span class="muted">{percent(requested, allocatable)}</span>
      </td>
      <td class="number">{used === undefined ? '–' : <>{words(used)} <span class="muted">{percent(used, allocatable)}</span></>}</td>
      <td class="number">{words(allocatable)}</td>
    </tr>
  );
}

export function linesOf({ allocatable, requested, used }: Measured): Line[] {
  if (!allocatable || !requested) return [];
  return [
    { name: 'CPU', words: cpu, used: used?.cpuMilli, requested: requested.cpuMilli, allocatable: allocatable.cpuMilli },
    { name: 'Memory', words: memory, used: used?.memoryBytes, requested: requested.memoryBytes, allocatable: allocatable.memoryBytes },
    { name: 'Pods', words: String, requested: requested.pods, allocatable: allocatable.pods },
  ];
}

function Rooms({ capacity }: { capacity: Measured }) {
  const { rooms = [], nodes = 0, closedNodes = 0 } = capacity;
  return (
    <section>
      <h2>Free on nodes</h2>
      <p class="muted">
        {nodes} {nodes === 1 ? 'node' : 'nodes'} open to pods{closedNodes > 0 && `, ${closedNodes} closed`}
        {rooms.length < nodes && `; the ${rooms.length} with most room`}
      </p>
      <table class="facts">
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col" class="number">CPU</th>
            <th scope="col" class="number">Memory</th>
            <th scope="col" class="number">Pods</th>
          </tr>
        </thead>
        <tbody>
          {rooms.map((room) => (
            <tr key={room.name}>
              <th scope="row" class="foreign">{room.name}</th>
              <td class="number">{cpu(room.cpuMilli)}</td>
              <td class="number">{memory(room.memoryBytes)}</td>
              <td class="number">{room.pods}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const LARGEST = 10;

export function largest(workloads: readonly ClusterWorkload[]): { name: string; pods: number; cpuMilli: number; memoryBytes: number }[] {
  return workloads
    .flatMap(({ name, use }) => (use ? [{ name, pods: use.pods, cpuMilli: use.pods * use.perPod.cpuMilli, memoryBytes: use.pods * use.perPod.memoryBytes }] : []))
    .sort((a, b) => b.memoryBytes - a.memoryBytes || b.cpuMilli - a.cpuMilli || a.name.localeCompare(b.name))
    .slice(0, LARGEST);
}

function Largest({ workloads }: { workloads: readonly ClusterWorkload[] }) {
  const all = largest(workloads);
  if (!all.length) return null;
  return (
    <section>
      <h2>Who asks for most</h2>
      <p class="muted">All pods of a workload together</p>
      <table class="facts">
        <thead>
          <tr>
            <th scope="col">Workload</th>
            <th scope="col" class="number">Pods</th>
            <th scope="col" class="number">CPU</th>
            <th scope="col" class="number">Memory</th>
          </tr>
        </thead>
        <tbody>
          {all.map((one) => (
            <tr key={one.name}>
              <th scope="row" class="foreign">{one.name}</th>
              <td class="number">{one.pods}</td>
              <td class="number">{cpu(one.cpuMilli)}</td>
              <td class="number">{memory(one.memoryBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function Capacity({ cluster }: { cluster: Cluster }) {
  const { capacity, workloads = [] } = cluster;
  if (!capacity || capacity.unknown) {
    return (
      <Notice title="Nobody has measured it">
        <p class="foreign">{capacity?.unknown ?? 'The agent tells about half a minute after it has started.'}</p>
      </Notice>
    );
  }
  return (
    <div class="capacity">
      <section class="table-scroll">
        <table class="facts levels">
          <thead>
            <tr>
              <td />
              <td />
              <th scope="col" class="number">
                <i class="key asked" /> Asked for
              </th>
              <th scope="col" class="number">
                <i class="key used" /> Used
              </th>
              <th scope="col" class="number">Nodes have</th>
            </tr>
          </thead>
          <tbody>
            {linesOf(capacity).map((line) => (
              <Level key={line.name} line={line} />
            ))}
          </tbody>
        </table>
        {capacity.noUsage && <p class="muted foreign">{capacity.noUsage}</p>}
      </section>
      <div class="halves">
        <Rooms capacity={capacity} />
        <Largest workloads={workloads} />
      </div>
    </div>
  );
}
