/** What somebody typed cannot be sent like this; the message says what to change. */
export class InputFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InputFault';
  }
}
