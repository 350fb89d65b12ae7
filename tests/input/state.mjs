// What the database holds, as one digest for each table of our schema: two looks are equal when
// nothing was changed between. What may differ is named here, with the reason.
import { Session } from '../flow/session.mjs';
import { until } from '../flow/stack.mjs';

const LOOSE = {
    tables: {
        audit_seal: 'what was done before is sealed within a second',
        login_throttle: 'counts every try to sign in, also those that are refused',
        worker: 'a worker says every few seconds that it lives',
    },
    columns: {
        'session.seen_at': 'notes a visit, at most once a minute',
        'api_token.used_at': 'notes a use, at most once a minute',
    },
    rows: {
        // That somebody failed to sign in, tried to decide on their own work, or asked the audit
        // trail is written down.
        audit_event: "entity <> 'sign_in' and event not in ('decision.refused', 'audit.query')",
    },
};

// Bytes are digested as they are: as text a file would be twice as long.
function digestOf({ name, columns }) {
    const kept = columns.filter((one) => !LOOSE.columns[`${name}.${one.name}`])
        .map((one) => (one.type === 'bytea' ? `md5(${one.name})` : one.name));
    const where = LOOSE.rows[name] ? ` where ${LOOSE.rows[name]}` : '';
    return `select '${name}' as name, md5(coalesce(string_agg(d, '' order by d), '')) as digest
        from (select md5(row(${kept.join(', ')})::text) as d from cs.${name}${where}) t`;
}

export class State {
    /** A session of its own, since a row costs one look. */
    static async open(stack) {
        const tables = await stack.psql('superuser', `
            select c.table_name as name, json_agg(json_build_object('name', c.column_name,
                'type', c.data_type) order by c.ordinal_position) as columns
            from information_schema.columns c
            join information_schema.tables t using (table_schema, table_name)
            where c.table_schema = 'cs' and t.table_type = 'BASE TABLE' group by 1`);
        const state = new State();
        state.session = new Session(stack);
        state.tables = tables.filter(({ name }) => !LOOSE.tables[name]);
        const one = state.tables.map(digestOf).join(' union all ');
        state.query = `select json_object_agg(name, digest) from (${one}) s`;
        state.last = await state.look();
        return state;
    }

    async look() {
        const [line] = await this.session.run(this.query.replace(/\s+/g, ' '));
        return JSON.parse(line);
    }

    // What a refused upload left is removed right behind its answer.
    async uploadsAreGone() {
        return (await this.session.run('select count(*) from cs.upload'))[0] === '0';
    }

    /** Names of the tables that are not what they were at the last call. */
    async changes() {
        await until(() => this.uploadsAreGone(), 'refused uploads to go');
        const [old, now] = [this.last, await this.look()];
        this.last = now;
        return Object.keys(now).filter((name) => now[name] !== old[name]);
    }

    /** One try must not stop the next. */
    forgetTries() {
        return this.session.run('delete from cs.login_throttle');
    }

    close() {
        return this.session.end();
    }
}
