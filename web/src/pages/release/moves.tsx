/** Which versions an item takes from where to where. */
import type { ReleaseItem } from '../../api/types.gen';
import { versionOf } from '../board/cell';

export function Moves({ items, isBack = false }: { items: readonly ReleaseItem[]; isBack?: boolean }) {
  return (
    <div class="table-scroll" tabIndex={0} role="group" aria-label="Versions">
      <table class="facts">
        <thead>
          <tr>
            <th scope="col">Workload</th>
            <th scope="col">Cluster</th>
            <th scope="col">{isBack ? 'From' : 'Before'}</th>
            <th scope="col">{isBack ? 'Back to' : 'After'}</th>
          </tr>
        </thead>
        <tbody>
          {items.flatMap((item) =>
            item.changes.map(({ container, from, to }) => (
              <tr key={`${item.workload} ${item.target} ${container}`}>
                <th scope="row" class="foreign">
                  {item.workload} {container !== item.workload && <small class="muted">{container}</small>}
                </th>
                <td class="foreign">{item.target}</td>
                <td class="mono foreign" title={(isBack ? to : from).digest}>{versionOf(isBack ? to : from)}</td>
                <td class="mono foreign" title={(isBack ? from : to).digest}>{versionOf(isBack ? from : to)}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}
