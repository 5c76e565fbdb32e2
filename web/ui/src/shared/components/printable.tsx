import type { ReactElement } from 'react';
import { piecesOf } from '@/shared/text/printable';

/** A stranger's text, with what would not be seen named. */
export function Printable({ text }: { text: string }): ReactElement {
  return (
    <>
      {piecesOf(text).map((piece, at) =>
        piece.named ? (
          <span key={at} className="rounded-sm bg-wait-soft text-wait" title="not printable">
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </>
  );
}
