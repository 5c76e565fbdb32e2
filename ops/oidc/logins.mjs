// Who may sign in: the demo people of the configuration, and the logins made since. Those lie in a
// file that is read again whenever it changed, so that a new login counts at once.

import { createHash, scryptSync, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

const COST = { N: 16384, r: 8, p: 1 };

export function openLogins(people, path) {
  return new Logins(people, path);
}

// A demo person's password is in the configuration; any other's is known by its scrypt hash alone.
export function isPassword(given, person) {
  if (person.hash) {
    const wanted = Buffer.from(person.hash, 'hex');
    return timingSafeEqual(scryptSync(given, Buffer.from(person.salt, 'hex'), wanted.length, COST), wanted);
  }
  const [left, right] = [given, person.password].map((value) => createHash('sha256').update(value).digest());
  return timingSafeEqual(left, right);
}

class Logins {
  #fixed;

  #path;

  #seen;

  #people = [];

  constructor(people, path) {
    this.#fixed = people;
    this.#path = path;
  }

  // By `sub`, as a Map would.
  get(sub) {
    return this.#all().find((person) => person.sub === sub);
  }

  named(username) {
    return this.#all().find((person) => person.username === username);
  }

  #all() {
    // The file is replaced as a whole, so another version is another inode.
    const { ino, mtimeNs } = statSync(this.#path, { bigint: true });
    const version = `${ino}:${mtimeNs}`;
    if (version !== this.#seen) {
      this.#people = [...this.#fixed, ...JSON.parse(readFileSync(this.#path, 'utf8')).logins];
      this.#seen = version;
    }
    return this.#people;
  }
}
