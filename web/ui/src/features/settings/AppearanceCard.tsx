import { useId, type ReactElement } from 'react';
import { SettingRow } from './SettingRow';
import { Card, CardContent, CardHeader, CardTitle } from '@/shared/components/ui/card';
import { Select } from '@/shared/components/ui/select';
import { Switch } from '@/shared/components/ui/switch';
import { setAppearance, useAppearance, type Density, type Theme } from '@/shared/theme/appearance';

export function AppearanceCard(): ReactElement {
  const { theme, density, shortcuts } = useAppearance();
  const themeId = useId();
  const densityId = useId();
  const keysId = useId();
  return (
    <Card aria-labelledby="appearance-title">
      <CardHeader>
        <CardTitle id="appearance-title">Appearance</CardTitle>
      </CardHeader>
      <CardContent className="divide-y divide-line">
        <SettingRow id={themeId} label="Theme">
          <Select
            id={themeId}
            value={theme}
            onChange={(event) => {
              setAppearance({ theme: event.target.value as Theme });
            }}
          >
            <option value="system">As the system</option>
            <option value="light">Light</option>
            <option value="dark">Dark</option>
          </Select>
        </SettingRow>
        <SettingRow id={densityId} label="Density" help="How much fits into a list">
          <Select
            id={densityId}
            value={density}
            onChange={(event) => {
              setAppearance({ density: event.target.value as Density });
            }}
          >
            <option value="comfortable">Comfortable</option>
            <option value="compact">Compact</option>
          </Select>
        </SettingRow>
        <SettingRow id={keysId} label="Single keys" help="j, k, g i and so on; ? shows them all">
          <Switch
            id={keysId}
            checked={shortcuts}
            onCheckedChange={(on) => {
              setAppearance({ shortcuts: on });
            }}
          />
        </SettingRow>
      </CardContent>
    </Card>
  );
}
