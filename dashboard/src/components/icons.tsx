/** Drawings that stand beside words; readers of the page's text do not meet them. */

import type { ReactNode } from "react";

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      {children}
    </svg>
  );
}

/** Three carry one load. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect className="mark-ground" width="32" height="32" rx="7" />
      <path className="mark-people" d="M6 12h20M9.5 12v12M16 12v12M22.5 12v12" />
      <path className="mark-load" d="M11 5.5h10v4H11z" />
    </svg>
  );
}

export const UploadIcon = () => (
  <Icon>
    <path d="M12 16V4m0 0L7 9m5-5 5 5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3" />
  </Icon>
);

export const ImageIcon = () => (
  <Icon>
    <path d="M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4" />
    <circle cx="15.5" cy="9" r="1.2" />
  </Icon>
);

export const AudioIcon = () => (
  <Icon>
    <path d="M5 10v4m3.5-7v10M12 4v16m3.5-13v10M19 10v4" />
  </Icon>
);

export const CheckIcon = () => (
  <Icon>
    <path d="m5 12.5 4.5 4.5L19 7.5" />
  </Icon>
);

export const CrossIcon = () => (
  <Icon>
    <path d="m6 6 12 12M18 6 6 18" />
  </Icon>
);

export const DashIcon = () => (
  <Icon>
    <path d="M6 12h12" />
  </Icon>
);

export const ScreenIcon = () => (
  <Icon>
    <path d="M4 5h16v11H4zM9 20h6m-3-4v4" />
  </Icon>
);

export const SunIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 3v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4" />
  </Icon>
);

export const MoonIcon = () => (
  <Icon>
    <path d="M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z" />
  </Icon>
);

export const EyeIcon = () => (
  <Icon>
    <path d="M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6z" />
    <circle cx="12" cy="12" r="2.5" />
  </Icon>
);

export const ClosedEyeIcon = () => (
  <Icon>
    <path d="M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6zM5 19 19 5" />
  </Icon>
);

export const FindIcon = () => (
  <Icon>
    <circle cx="11" cy="11" r="6.5" />
    <path d="m16 16 4.5 4.5" />
  </Icon>
);

export const OverviewIcon = () => (
  <Icon>
    <path d="M4 19V9m5.3 10V5m5.4 14v-7M20 19V8" />
  </Icon>
);

export const QueuesIcon = () => (
  <Icon>
    <path d="M4 6h16M4 12h16M4 18h9" />
  </Icon>
);

export const JobsIcon = () => (
  <Icon>
    <path d="M4 7.5 12 4l8 3.5v9L12 20l-8-3.5zm0 0 8 3.5 8-3.5M12 11v9" />
  </Icon>
);

export const FailuresIcon = () => (
  <Icon>
    <path d="M12 4 2.8 19.5h18.4zM12 10v4.5m0 2.5v.1" />
  </Icon>
);

export const SchedulesIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.2" />
    <path d="M12 7.5V12l3 2" />
  </Icon>
);

export const WorkersIcon = () => (
  <Icon>
    <path d="M7 7h10v10H7zM10 3.5V7m4-3.5V7m-4 10v3.5m4-3.5v3.5M3.5 10H7m-3.5 4H7m10-4h3.5M17 14h3.5" />
  </Icon>
);

export const KeyboardIcon = () => (
  <Icon>
    <path d="M3 6.5h18v11H3zM7 10h.1M11 10h.1M15 10h.1M8 14h8" />
  </Icon>
);

export const SignOutIcon = () => (
  <Icon>
    <path d="M10 4H5v16h5m4-12 4 4-4 4m4-4H9" />
  </Icon>
);

export const PauseIcon = () => (
  <Icon>
    <path d="M9 6v12m6-12v12" />
  </Icon>
);

export const PlayIcon = () => (
  <Icon>
    <path d="m8 5.5 10 6.5-10 6.5z" />
  </Icon>
);
