/** Whether lists follow what happens, or stand still for whoever reads them. */

import { stored } from "./stored";

export const following = stored<boolean>(
  () => sessionStorage,
  "gotong.following",
  (text) => text !== "no",
  (isFollowing) => (isFollowing ? null : "no"),
);
