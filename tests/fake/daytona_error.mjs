// How Daytona says no: two servers, two shapes.

/** An answer of the control plane other than 2xx. */
export class ControlError extends Error {
    constructor(status, message, headers = {}) {
        super(message);
        Object.assign(this, { status, headers });
    }

    answer(call, reply) {
        reply.json(this.status, { path: call.path, timestamp: new Date().toISOString(),
            statusCode: this.status, error: NAMES[this.status] ?? 'Error',
            message: this.message }, this.headers);
    }
}

const NAMES = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found',
    409: 'Conflict', 429: 'Too Many Requests', 500: 'Internal Server Error' };

/** An answer of a toolbox, or of the proxy in front of it. */
export class ToolboxError extends Error {
    constructor(status, message, code, source = 'DAYTONA_DAEMON') {
        super(message);
        Object.assign(this, { status, code, source });
    }

    answer(call, reply) {
        if (this.message === '') {
            reply.send(this.status, {}, '');
            return;
        }
        reply.json(this.status, { statusCode: this.status, message: this.message,
            code: this.code, timestamp: new Date().toISOString(), path: call.path,
            method: call.method, source: this.source });
    }
}
