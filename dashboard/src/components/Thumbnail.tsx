import { useState } from "react";

import type { Media } from "../api/client";
import { useSpeech } from "../i18n";
import { AudioIcon, ImageIcon } from "./icons";

/** A file's picture once there is one; until then, and for sound, a drawing in its place. */
export function Thumbnail({ media, variant }: { media: Media; variant: "small" | "large" }) {
  const { t } = useSpeech();
  const [isBroken, setBroken] = useState(false);
  const made = media.thumbnails[0];
  return (
    <div className={`thumbnail ${variant} ${media.state}`}>
      {made && !isBroken ? (
        <img
          src={made.href}
          width={made.width}
          height={made.height}
          loading="lazy"
          alt={t.media.thumbnailOf(media.filename)}
          onError={() => setBroken(true)}
        />
      ) : (
        <span title={isBroken ? t.media.noThumbnail : undefined}>
          {media.category === "audio" ? <AudioIcon /> : <ImageIcon />}
        </span>
      )}
    </div>
  );
}
