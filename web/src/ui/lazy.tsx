/** A component whose code comes when it is first shown; nothing stands in its place meanwhile. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

export function lazily<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null;
  return function Lazy(props: Props) {
    const [, redraw] = useState(0);
    useEffect(() => {
      if (loaded) return;
      void load().then((component) => {
        loaded = component;
        redraw((count) => count + 1);
      });
    }, []);
    const Loaded = loaded;
    return Loaded ? <Loaded {...props} /> : null;
  };
}
