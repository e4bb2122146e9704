/** What exactly becomes different: versions, files, objects; and which settings stay behind. */
import type { Plan } from '../../api/types.gen';
import { versionOf } from '../board/cell';
import { Diff, parseDiff } from '../../ui/diff';
import { CopyIcon } from '../../ui/icons';
import { Loading } from '../../ui/notice';
import { Tabs } from '../../ui/tabs';
import { copy } from '../../ui/toast';

export type View = 'files' | 'rendered' | 'stays' | 'images';

function Images({ plan }: { plan: Plan }) {
  const lines = plan.items.flatMap((item) => item.changes.map((change) => ({ item, change })));
  return (
    <div class="table-scroll" tabIndex={0} role="group" aria-label="Images">
      <table class="facts">
        <thead>
          <tr>
            <th scope="col">Image</th>
            <th scope="col">Tag</th>
            <th scope="col">Digest</th>
            <th scope="col">Where it is written</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ item, change: { container, to, file, line } }) => (
            <tr key={`${item.workload} ${item.target} ${container}`}>
              <td class="mono foreign">{to.repository}</td>
              <td class="mono foreign">{to.tag ?? '–'}</td>
              <td class="mono">
                {to.digest ? (
                  <button type="button" class="digest" title={to.digest} onClick={() => void copy(to.digest!, 'Digest')}>
                    {versionOf({ digest: to.digest })} <CopyIcon />
                    <span class="unseen">: copy the whole digest</span>
                  </button>
                ) : (
                  '–'
                )}
              </td>
              <td class="mono foreign">
                {file}:{line}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Stays({ plan }: { plan: Plan }) {
  const stays = plan.stays ?? [];
  if (!stays.length) {
    return <p class="muted">{plan.from === 'registry' ? 'A registry has no settings: nothing could stay behind.' : `No setting differs between ${plan.from} and ${plan.to}.`}</p>;
  }
  return (
    <>
      <p class="muted">Only versions travel. These settings differ, and stay as they are:</p>
      <div class="table-scroll" tabIndex={0} role="group" aria-label="Settings that differ">
        <table class="facts">
          <thead>
            <tr>
              <th scope="col">Workload</th>
              <th scope="col">Setting</th>
              <th scope="col">In {plan.from}</th>
              <th scope="col">Here</th>
            </tr>
          </thead>
          <tbody>
            {stays.map((stay) => (
              <tr key={`${stay.workload} ${stay.target} ${stay.container} ${stay.field}`}>
                <td class="foreign">
                  {stay.workload} <small class="muted">{stay.target}</small>
                </td>
                <td class="mono foreign">
                  {stay.field} {stay.container && stay.container !== stay.workload && <small class="muted">{stay.container}</small>}
                </td>
                <td class="mono foreign">{stay.source ?? 'not set'}</td>
                <td class="mono foreign">{stay.here ?? 'not set'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {plan.isStaysCut && <p class="muted">There are more: only the first {stays.length} are shown.</p>}
    </>
  );
}

function Rendered({ plan }: { plan: Plan }) {
  if (plan.rendered === undefined) {
    return (
      <Loading>
        <div class="skeleton" />
      </Loading>
    );
  }
  if (!plan.rendered) return <p class="muted">No Kubernetes object becomes different.</p>;
  return (
    <>
      <Diff text={plan.rendered} />
      {plan.isRenderedCut && <p class="muted">There is more: only the first 512 KiB are shown.</p>}
    </>
  );
}

interface Props {
  plan: Plan;
  view: View;
  onView: (view: View) => void;
}

export function Changes({ plan, view, onView }: Props) {
  const files = parseDiff(plan.diff).length;
  const stays = plan.stays?.length ?? 0;
  return (
    <Tabs
      label="Changes"
      tabs={[
        { key: 'files', label: `Files (${files})` },
        { key: 'rendered', label: 'Rendered objects' },
        { key: 'stays', label: `Does not travel (${stays}${plan.isStaysCut ? '+' : ''})` },
        { key: 'images', label: 'Images' },
      ]}
      chosen={view}
      onChoose={(key) => onView(key as View)}
    >
      {view === 'files' && <Diff text={plan.diff} />}
      {view === 'rendered' && <Rendered plan={plan} />}
      {view === 'stays' && <Stays plan={plan} />}
      {view === 'images' && <Images plan={plan} />}
    </Tabs>
  );
}
