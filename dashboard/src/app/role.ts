import { isAdmin, mayWrite, session } from "./session";
import { useStored } from "./stored";

/** Whether whoever is signed in may change things; what would be refused is not offered. */
export function useCanChange(): boolean {
  const state = useStored(session);
  return state.is === "in" && mayWrite(state.session);
}

/** Whether whoever is signed in may see what belongs to the whole platform. */
export function useIsAdmin(): boolean {
  const state = useStored(session);
  return state.is === "in" && isAdmin(state.session);
}
