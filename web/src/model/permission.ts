/** What stands between a person and an act: the words beside a disabled button. */
import { may, me, type Role } from '../api/session';

/** Null: they may.  The server decides; this only says it before. */
export function lacksRole(role: Role): string | null {
  return may(role) ? null : `Your role is ${me.value?.role}. Ask an admin for a token with the role ${role}.`;
}
