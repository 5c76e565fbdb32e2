import type { ReactElement } from 'react';
import { Checkpoints } from './Checkpoints';
import { Fingerprint } from './Fingerprint';
import { TrailPage } from './TrailPage';
import { VerifySection } from './VerifySection';

export function ProofPage(): ReactElement {
  return (
    <TrailPage>
      <div className="space-y-4">
        <VerifySection />
        <Fingerprint />
        <Checkpoints />
      </div>
    </TrailPage>
  );
}
