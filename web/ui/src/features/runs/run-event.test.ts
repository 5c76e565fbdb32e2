import { describe, expect, it } from 'vitest';
import { eventOf, lasting } from './run-event';

const line = (text: string, stream = 'event') => ({ stream, text });

describe('an event', () => {
  it('is read out of its line', () => {
    const said = {
      eventName: 'rates.fetch',
      severityText: 'WARN',
      body: 'slow',
      attributes: { base: 'EUR', count: 3, ok: [true, false] },
      startTimeUnixNano: '1764400000000000000',
      endTimeUnixNano: '1764400001250000000',
    };
    expect(eventOf(line(JSON.stringify(said)))).toEqual({
      name: 'rates.fetch',
      severity: 'WARN',
      body: 'slow',
      milliseconds: 1250,
      attributes: [
        ['base', 'EUR'],
        ['count', '3'],
        ['ok', '[true,false]'],
      ],
      dropped: 0,
    });
    expect(lasting(1250)).toBe('1.25 s');
  });

  it('says how many attributes were left out', () => {
    expect(eventOf(line('{"eventName":"a","droppedAttributesCount":4}'))?.dropped).toBe(4);
  });

  it.each(['', '[]', '{', 'null', '{"eventName":1}'])('is not %s', (text) => {
    expect(eventOf(line(text))).toBeNull();
  });

  it('is none on another stream', () => {
    expect(eventOf(line('{"eventName":"a"}', 'stdout'))).toBeNull();
  });
});
