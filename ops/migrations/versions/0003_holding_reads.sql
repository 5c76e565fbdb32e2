-- The holding looks at what the web shows, in the tenant it has entered; where none is entered, in
-- all of them. Runs once as each owner of tables, after every other script of its revision: a table
-- added later comes under it by running this again.
--
-- No secret, no personal key and nothing of another schema: the columns the web may read, and those
-- of keys and secrets left out; neither what decision links hash to.

DO $$
DECLARE
    each record;
    columns text;
    -- A range, not `OR none is entered`: that one no index could serve. The setting is '' on a
    -- connection that had a tenant before.
    entered constant text := 'nullif(current_setting(''app.current_tenant'', true), '''')';
    seen constant text := format(
        'tenant_id >= (SELECT coalesce(%1$s, ''00000000-0000-0000-0000-000000000000'')::uuid) '
        'AND tenant_id <= (SELECT coalesce(%1$s, ''ffffffff-ffff-ffff-ffff-ffffffffffff'')::uuid)',
        entered);
BEGIN
    FOR each IN
        SELECT c.oid, c.relname FROM pg_class c
        WHERE c.relnamespace = 'awgp'::regnamespace AND c.relkind IN ('r', 'p')
            AND NOT c.relispartition AND c.relowner = current_user::regrole
            AND c.relname NOT IN ('subject_keys', 'decision_links')
            AND has_any_column_privilege('awgp_web', c.oid, 'SELECT')
            AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid
                AND a.attname = 'tenant_id' AND NOT a.attisdropped)
    LOOP
        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns
        FROM pg_attribute a WHERE a.attrelid = each.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND has_column_privilege('awgp_web', each.oid, a.attnum, 'SELECT');
        IF has_table_privilege('awgp_web', each.oid, 'SELECT') THEN
            EXECUTE format('GRANT SELECT ON %I TO awgp_holding', each.relname);
        ELSE
            EXECUTE format('GRANT SELECT (%s) ON %I TO awgp_holding', columns, each.relname);
        END IF;
        EXECUTE format('DROP POLICY IF EXISTS holding ON %I', each.relname);
        EXECUTE format('CREATE POLICY holding ON %I FOR SELECT TO awgp_holding USING (%s)',
            each.relname, seen);
    END LOOP;
END $$;
