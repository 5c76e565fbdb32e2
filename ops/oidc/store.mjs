// Where the provider keeps sessions, codes, grants and refresh tokens: one SQLite file in the data
// folder, so that a restart signs nobody out. The shape is oidc-provider's adapter interface.

import { DatabaseSync } from 'node:sqlite';

const now = () => Math.floor(Date.now() / 1000);

export function openStore(path) {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS items (
      model TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL,
      grant_id TEXT, uid TEXT, user_code TEXT, expires_at INTEGER,
      PRIMARY KEY (model, id)
    ) STRICT;
    CREATE INDEX IF NOT EXISTS items_grant ON items (grant_id) WHERE grant_id IS NOT NULL;
    CREATE INDEX IF NOT EXISTS items_uid ON items (model, uid) WHERE uid IS NOT NULL;
  `);
  database.prepare('DELETE FROM items WHERE expires_at < ?').run(now());
  return (model) => new Items(database, model);
}

class Items {
  #database;

  #model;

  constructor(database, model) {
    this.#database = database;
    this.#model = model;
  }

  async upsert(id, payload, expiresIn) {
    this.#database.prepare('INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?)').run(
      this.#model,
      id,
      JSON.stringify(payload),
      payload.grantId ?? null,
      payload.uid ?? null,
      payload.userCode ?? null,
      expiresIn ? now() + expiresIn : null,
    );
  }

  async find(id) {
    return this.#first('id', id);
  }

  async findByUid(uid) {
    return this.#first('uid', uid);
  }

  async findByUserCode(userCode) {
    return this.#first('user_code', userCode);
  }

  async consume(id) {
    this.#database
      .prepare("UPDATE items SET payload = json_set(payload, '$.consumed', ?) WHERE model = ? AND id = ?")
      .run(now(), this.#model, id);
  }

  async destroy(id) {
    this.#database.prepare('DELETE FROM items WHERE model = ? AND id = ?').run(this.#model, id);
  }

  async revokeByGrantId(grantId) {
    this.#database.prepare('DELETE FROM items WHERE grant_id = ?').run(grantId);
  }

  #first(column, value) {
    // `column` is one of three literals above, never a caller's text.
    const row = this.#database
      .prepare(
        `SELECT payload FROM items WHERE model = ? AND ${column} = ?
         AND (expires_at IS NULL OR expires_at > ?)`,
      )
      .get(this.#model, value, now());
    return row && JSON.parse(row.payload);
  }
}
