import { ShieldAlert, ShieldCheck, ShieldQuestion } from 'lucide-react';
import type { ReactElement } from 'react';
import { Badge } from '@/shared/components/ui/badge';
import type { components } from '@/shared/api/schema';

type Risk = components['schemas']['RiskView'];

const LOOKS = {
  low: { tone: 'neutral', icon: ShieldCheck, label: 'Low risk' },
  medium: { tone: 'wait', icon: ShieldQuestion, label: 'Medium risk' },
  high: { tone: 'bad', icon: ShieldAlert, label: 'High risk' },
} as const;

export function RiskBadge({ risk }: { risk: Risk }): ReactElement {
  const { tone, icon: Icon, label } = LOOKS[risk.level];
  return (
    <Badge tone={tone}>
      <Icon aria-hidden />
      {label}
    </Badge>
  );
}

/** Why, in one line: "it may reach the network; the payload was edited". */
export function riskReasons(risk: Risk): string {
  return risk.reasons.map((each) => each.text).join('; ');
}
