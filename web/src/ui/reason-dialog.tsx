/** Before something is done: what it will do, and why.  It closes when the server has agreed; a refusal is shown here. */
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { Problem } from '../api/client';
import { Dialog } from './dialog';

interface Props {
  title: ComponentChildren;
  /** On the button: verb and object. */
  verb: string;
  isDanger?: boolean;
  /** What stands above the field; "" leaves the field out. */
  label?: string;
  isRequired?: boolean;
  onClose: () => void;
  /** May fail with a Problem; else the dialog is closed. */
  onSend: (reason: string) => Promise<void>;
  children?: ComponentChildren;
}

const REASON_CHARACTERS_MAX = 250;

export function ReasonDialog({ title, verb, isDanger = false, label = 'Why', isRequired = false, onClose, onSend, children }: Props) {
  const id = useId();
  const [reason, setReason] = useState('');
  const [isMissing, setMissing] = useState(false);
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const send = async (event: Event) => {
    event.preventDefault();
    if (isSending) return;
    if (isRequired && !reason.trim()) {
      setMissing(true);
      document.getElementById(`${id}-reason`)?.focus();
      return;
    }
    setSending(true);
    setProblem(null);
    try {
      await onSend(reason.trim());
      onClose();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      setSending(false);
    }
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form={id} class={`button ${isDanger ? 'danger' : 'primary'}`} aria-disabled={isSending} autofocus={!label}>
            <span class="foreign">{verb}</span>
          </button>
        </>
      }
    >
      <form id={id} class="reason-form" onSubmit={(event) => void send(event)}>
        {children}
        {label && (
          <label>
            <span>
              {label} {!isRequired && <span class="muted">(if you like)</span>}
            </span>
            <textarea
              id={`${id}-reason`}
              class="field"
              rows={2}
              maxLength={REASON_CHARACTERS_MAX}
              value={reason}
              autofocus
              aria-required={isRequired}
              aria-invalid={isMissing && !reason.trim()}
              aria-describedby={`${id}-problem`}
              onInput={(event) => setReason(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) void send(event);
              }}
            />
          </label>
        )}
        <div id={`${id}-problem`} class="refusal foreign" aria-live="polite">
          {isMissing && !reason.trim() && 'Say why: others will ask.'}
          {problem && (
            <>
              {problem.message} {problem.requestId && problem.code !== 'refused' && <code>{problem.requestId}</code>}
            </>
          )}
        </div>
      </form>
    </Dialog>
  );
}
