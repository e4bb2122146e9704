import { useEffect } from 'preact/hooks';
import { href } from '../router';
import { Notice } from '../ui/notice';

export function NotFoundPage() {
  useEffect(() => {
    document.title = 'Not found · heddle';
  }, []);
  return (
    <Notice title="There is no page at this address" actions={<a class="button" href={href('/board')}>Go to the Board</a>}>
      <p>The link may be of a newer heddle, or was cut when it was copied.</p>
    </Notice>
  );
}
