/** Where versions come from: the image registry, a stage, or one cluster. */
import { board } from '../../model/board';

interface Props {
  value: string;
  onChoose: (source: string) => void;
  /** What it would be promoted to has nothing to offer to itself. */
  without: readonly string[];
}

export function SourceSelect({ value, onChoose, without }: Props) {
  const stages = board.stages.value.filter((stage) => !without.includes(stage.name));
  const clusters = board.stages.value.flatMap((stage) => stage.targets).filter((cluster) => !without.includes(`cluster:${cluster}`));
  return (
    <select class="field" value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
      <option value="registry">Image registry</option>
      <optgroup label="Stages">
        {stages.map((stage) => (
          <option key={stage.name} value={stage.name}>
            {stage.name}
          </option>
        ))}
      </optgroup>
      <optgroup label="Clusters">
        {clusters.map((cluster) => (
          <option key={cluster} value={`cluster:${cluster}`}>
            {cluster}
          </option>
        ))}
      </optgroup>
    </select>
  );
}
