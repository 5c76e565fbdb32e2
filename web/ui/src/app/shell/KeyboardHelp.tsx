import { useState, type ReactElement } from 'react';
import { Kbd } from '@/shared/components/kbd';
import {
  Dialog,
  DialogContent,
  DialogDescription,
  DialogHeader,
  DialogTitle,
} from '@/shared/components/ui/dialog';
import { shortcuts, useShortcut, type Shortcut } from '@/shared/keyboard/shortcuts';

const ALWAYS: readonly Shortcut[] = [
  { keys: 'Ctrl K', label: 'Go to a page or a tenant', section: 'Everywhere' },
];

export function KeyboardHelp(): ReactElement {
  const [shown, setShown] = useState<readonly Shortcut[]>();
  useShortcut({ keys: '?', label: 'Show these keys', section: 'Everywhere' }, () => {
    setShown([...ALWAYS, ...shortcuts()]);
  });
  const sections = [...new Set(shown?.map((each) => each.section))];
  return (
    <Dialog
      open={shown !== undefined}
      onOpenChange={() => {
        setShown(undefined);
      }}
    >
      <DialogContent>
        <DialogHeader>
          <DialogTitle>Keys</DialogTitle>
          <DialogDescription>Those without Ctrl can be turned off in Settings.</DialogDescription>
        </DialogHeader>
        {sections.map((section) => (
          <section key={section}>
            <h3 className="mb-1 text-sm text-muted">{section}</h3>
            <dl className="divide-y divide-line">
              {shown
                ?.filter((each) => each.section === section)
                .map((each) => (
                  <div key={each.keys} className="flex items-center justify-between py-1.5 text-sm">
                    <dt>{each.label}</dt>
                    <dd>
                      <Kbd keys={each.keys} />
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </DialogContent>
    </Dialog>
  );
}
