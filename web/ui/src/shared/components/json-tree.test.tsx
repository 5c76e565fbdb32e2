import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { JsonTree } from './json-tree';

const HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>';

test('markup in names and values is text', () => {
  const { container } = render(<JsonTree value={{ [HOSTILE]: HOSTILE, list: [HOSTILE] }} />);
  expect(container.querySelector('img, script, a')).toBeNull();
  expect(screen.getAllByText(HOSTILE, { exact: false }).length).toBeGreaterThan(1);
});

test('a list of 100,000 draws none of them before it is opened, then a hundred at a time', async () => {
  const many = Array.from({ length: 100_000 }, (_, at) => `item ${at}`);
  const { container } = render(<JsonTree value={many} />);
  expect(container.querySelectorAll('*').length).toBeLessThan(20);
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: /100000 items/ }));
  expect(screen.getByText('“item 99”')).toBeInTheDocument();
  expect(screen.queryByText('“item 100”')).toBeNull();
  await user.click(screen.getByRole('button', { name: /Show 100 more/ }));
  expect(screen.getByText('“item 199”')).toBeInTheDocument();
});

test('what is nested 5,000 deep is drawn only as far as it is open', () => {
  let deep: unknown = 'the end';
  for (let at = 0; at < 5_000; at += 1) deep = { deep };
  const { container } = render(<JsonTree value={deep} />);
  expect(container.querySelectorAll('button').length).toBeLessThan(10);
  expect(screen.queryByText('“the end”')).toBeNull();
});

test('a text of a million characters is cut until asked for', async () => {
  render(<JsonTree value={{ text: 'x'.repeat(1_000_000) }} />);
  const button = screen.getByRole('button', { name: 'Show all 1000000 characters' });
  expect(document.body.textContent.length).toBeLessThan(2_000);
  await userEvent.setup().click(button);
  expect(document.body.textContent.length).toBeGreaterThan(1_000_000);
});

test('names that mean something to JavaScript are names like others', () => {
  const value: unknown = JSON.parse('{"__proto__": {"polluted": true}, "constructor": null}');
  render(<JsonTree value={value} />);
  expect(screen.getByText(/__proto__/)).toBeInTheDocument();
  expect(screen.getByText(/constructor/)).toBeInTheDocument();
  expect('polluted' in {}).toBe(false);
});

test('empty things, null and numbers are said as they are', () => {
  render(<JsonTree value={{ nothing: null, none: [], zero: 0, no: false, empty: '' }} />);
  for (const shown of ['null', '0', 'false', '“”']) {
    expect(screen.getAllByText(shown).length).toBeGreaterThan(0);
  }
});
