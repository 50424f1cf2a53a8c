import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import type { Media } from "../api/client";
import { thumbnailQuery } from "../api/queries";
import { useSpeech } from "../i18n";
import { AudioIcon, ImageIcon } from "./icons";

/** A file's picture once there is one; until then, and for sound, a drawing in its place. */
export function Thumbnail({ media, variant }: { media: Media; variant: "small" | "large" }) {
  const made = media.thumbnails[0];
  return (
    <div className={`thumbnail ${variant} ${media.state}`}>
      {made ? <Picture media={media} variant={made.variant} width={made.width} height={made.height} /> : <Stand media={media} />}
    </div>
  );
}

function Stand({ media }: { media: Media }) {
  return media.category === "audio" ? <AudioIcon /> : <ImageIcon />;
}

/** Fetched with the key and shown as an object URL: an `img` cannot send an Authorization header. */
function Picture(props: { media: Media; variant: string; width: number; height: number }) {
  const { media, variant, width, height } = props;
  const { t } = useSpeech();
  const { data, isError } = useQuery(thumbnailQuery(media.id, variant));
  const url = useObjectUrl(data);
  if (isError) return <span title={t.media.noThumbnail}>{<Stand media={media} />}</span>;
  if (!url) return <Stand media={media} />;
  return <img src={url} width={width} height={height} alt={t.media.thumbnailOf(media.filename)} />;
}

function useObjectUrl(blob: Blob | undefined): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!blob) return;
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => {
      URL.revokeObjectURL(made);
      setUrl(undefined);
    };
  }, [blob]);
  return url;
}
