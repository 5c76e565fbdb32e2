// Made by `make api` from openapi.json. Do not edit.

export interface paths {
    "/d/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token: string;
            };
            cookie?: never;
        };
        /**
         * Go to the question's page; nothing is read, decided or used up
         * @description The token goes on in the fragment, which no server sees and no referrer carries.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    token: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Found */
                302: {
                    headers: {
                        Location?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                    };
                };
                404: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Say that the process answers */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StateView"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Say whether the database answers; the broker need not: what is decided is kept without it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StateView"];
                    };
                };
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approval-rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tenant's approval rules by name, each in its newest version */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                    /** @description A part of its name. */
                    q?: string | null;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RulePage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        /** Add an approval rule; nothing asks for it before a policy in force names it */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RuleBody"];
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RuleView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approval-rules/{rule}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                rule: string;
            };
            cookie?: never;
        };
        /** Show a rule with its versions, also one that was removed */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    rule: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RuleView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        /** Let no policy name a rule any more; what is held under it is still decided by it */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    rule: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RuleRemoved"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approval-rules/{rule}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                rule: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a rule its next version; what was approved under an older one is held again */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    rule: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RuleVersionBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RuleView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List approvals: what waits for the caller, or the tenant's by filter */
        get: {
            parameters: {
                query?: {
                    /** @description `me`: what waits for the caller, who may vote on it now. */
                    for?: "me" | null;
                    /** @description One or several; `open` where not given. */
                    status?: ("open" | "approved" | "rejected" | "expired" | "cancelled" | "superseded")[];
                    /** @description Its name. */
                    assistant?: string | null;
                    /** @description A rule's name. */
                    rule?: string | null;
                    source?: string | null;
                    /** @description The person or client that asked. */
                    requester?: string | null;
                    /** @description `expires`: what expires next first, as is the default with `for=me`; `newest`: what was opened last first, the default otherwise. */
                    sort?: "expires" | "newest" | null;
                    /** @description `next` of the page before, in the same order. */
                    cursor?: string | null;
                    limit?: number;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApprovalPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/count": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Count what waits for the caller */
        get: {
            parameters: {
                query?: {
                    /** @description Whose: there is only `me`. */
                    for?: "me";
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WaitingView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/decisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give the same answer to up to 50 questions under identical rules
         * @description Each is decided by itself, and the answer says of each what became of it.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["BatchBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BatchView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{approval_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                approval_id: string;
            };
            cookie?: never;
        };
        /** Show an approval with everything its digest covers, and what a person weighs */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    approval_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description The digest, quoted. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApprovalDetailView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{approval_id}/break-glass": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                approval_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Approve at once in an emergency, and open a review that another person must close */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    approval_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["BreakGlassBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description The digest, quoted. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApprovalView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                410: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{approval_id}/edit": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                approval_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Replace the payload: votes are void, the question is asked anew, its editor cannot vote */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    approval_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EditBody"];
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        /** @description The digest, quoted. */
                        ETag?: string;
                        Location?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EditedView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                410: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{approval_id}/files": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                approval_id: string;
            };
            cookie?: never;
        };
        /** Show one file of the bundle, and how it differs from the last approved one */
        get: {
            parameters: {
                query?: {
                    /** @description The manifest where not given. */
                    path?: string;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    approval_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApprovalFileView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{approval_id}/votes": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                approval_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Approve or reject, once, as oneself or with a vote one was lent
         * @description The vote that meets the requirement decides, and so does one reject. The same vote again
         *     changes nothing.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    approval_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CastBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description The digest, quoted. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApprovalView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                410: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{approval_id}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                approval_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take one's vote back while nothing is decided; one may vote anew */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    approval_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description The digest, quoted. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApprovalView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                410: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/assistants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tenant's assistants by name */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                    /** @description A part of its name. */
                    q?: string | null;
                    active?: boolean | null;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AssistantPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        /** Add an assistant; it is on at once */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AssistantBody"];
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AssistantView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/assistants/{assistant}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assistant: string;
            };
            cookie?: never;
        };
        /** Show an assistant with its versions and how its last runs fared */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    assistant: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AssistantView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/assistants/{assistant}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assistant: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Switch an assistant on, at the version it has */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    assistant: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AssistantView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/assistants/{assistant}/deactivate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assistant: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Switch an assistant off: its waiting runs are denied, its sources are refused */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    assistant: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AssistantView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/assistants/{assistant}/sandbox": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assistant: string;
            };
            cookie?: never;
        };
        /** Say what a version may reach: what its bundle asks for, within what the tenant allows */
        get: {
            parameters: {
                query?: {
                    /** @description The one in force where not given. */
                    version?: number | null;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    assistant: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AssistantSandboxView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/assistants/{assistant}/sandbox/preview": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assistant: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say what an assistant could reach if this were allowed; nothing changes */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    assistant: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PreviewBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AssistantSandboxView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/assistants/{assistant}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assistant: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give an assistant its next version; what it is already changes nothing
         * @description What was approved for the version before and has not started is held again.
         */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    assistant: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["VersionBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AssistantView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/assistants/{assistant}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assistant: string;
                version: number;
            };
            cookie?: never;
        };
        /** Show one version, in force or not */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    assistant: string;
                    version: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AssistantVersionView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/assistants/{assistant}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assistant: string;
                version: number;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take an older version up again, as the next one */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    assistant: string;
                    version: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AssistantView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Find entries of the trail, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description What the action begins with, as `hold:` or `policy:run`. */
                    action?: string | null;
                    /** @description The id of who did it. */
                    actor?: string | null;
                    resource_type?: string | null;
                    resource_id?: string | null;
                    /** @description Of a run, its approvals and its dead letters. */
                    run?: string | null;
                    /** @description Sealed since. */
                    since?: string | null;
                    /** @description Sealed until. */
                    until?: string | null;
                    first?: number | null;
                    last?: number | null;
                    /** @description `next` of the page before. */
                    cursor?: number | null;
                    limit?: number;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EntryPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/checkpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List signed heads of the log, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: number | null;
                    limit?: number;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CheckpointPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/fingerprint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Name the signer's key, to be compared with what you got another way */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SignerView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/verifier": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download the offline verifier: one file, Python's standard library alone
         * @description Who must not trust this system gets it, as the fingerprint, by another way.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/x-python": string;
                    };
                };
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Recompute a stretch of the log where it lives, and name the first thing that does not hold
         * @description A call looks at some thousand entries; go on with `cursor` until `next` is null. Each entry and
         *     its columns, the chain, each checkpoint and each exported segment that ends in the stretch are
         *     checked, and at the log's end its head.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["VerifyBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["VerificationView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/{sequence}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                sequence: number;
            };
            cookie?: never;
        };
        /**
         * Show one entry with its sealed bytes and the proof that they are in the signed log
         * @description A browser can check it by itself: `hash` over the chain, `leaf_hash` over the body, the path up
         *     to `root`, the root in the note, the note's signature by the key.
         */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    sequence: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProvenEntry"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/{sequence}/reveal": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                sequence: number;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Decrypt what an entry says of a person; that you did is on record
         * @description Where the person's key was erased, nobody can any more, and `erased` says so.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    sequence: number;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RevealBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PersonalView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/author-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tenant's author keys with what they signed, the revoked last */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AuthorKeysView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        /** Let an author's signature count; from the first key on, only signed bundles are taken */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AuthorKeyBody"];
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AuthorKeyView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/author-keys/{key}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let a key count no more, for good: what it alone signed is not launched any more */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RevocationBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AuthorKeyView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/bundles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tenant's bundles, newest first, and who runs them */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                    /** @description A part of its name. */
                    q?: string | null;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BundlePage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        /** Push a packed bundle; the same one again changes nothing, its first author stays */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description Base64 of the note that `awgp bundle sign` makes. */
                    "AWGP-Bundle-Signature"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/gzip": string;
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BundleView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/bundles/{bundle}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                bundle: string;
            };
            cookie?: never;
        };
        /** Show a bundle with its manifest and its files */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    bundle: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BundleDetail"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/bundles/{bundle}/content": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                bundle: string;
            };
            cookie?: never;
        };
        /** Download the packed bundle, byte for byte */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    bundle: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        "Content-Disposition"?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/gzip": string;
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/bundles/{bundle}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                bundle: string;
            };
            cookie?: never;
        };
        /** Say which files are not as in an older bundle, with their lines */
        get: {
            parameters: {
                query: {
                    /** @description The older bundle's digest. */
                    against: string;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    bundle: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BundleDiff"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/bundles/{bundle}/file": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                bundle: string;
            };
            cookie?: never;
        };
        /** Show one file as text, its beginning where it is long */
        get: {
            parameters: {
                query: {
                    path: string;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    bundle: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["FileTextView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/credentials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tenant's credentials by name, without their values */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                    /** @description A part of its name. */
                    q?: string | null;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CredentialPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        /** Keep a credential for the rules of assistants to name */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CredentialBody"];
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CredentialView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/credentials/{credential}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                credential: string;
            };
            cookie?: never;
        };
        /** Show one credential, without its value */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    credential: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CredentialView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        /** Give a credential another value: used from the next launch on, and nothing is held again */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    credential: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CredentialValueBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CredentialView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        post?: never;
        /** Forget a credential that no active assistant's rule names any more */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    credential: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CredentialView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List runs that were given up, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description Where it was given up. */
                    stage?: "policy" | "hold" | "execute" | "post_action" | "audit" | "export" | null;
                    assistant?: string | null;
                    /** @description A part of the error, in any case. */
                    error?: string | null;
                    run?: string | null;
                    /** @description Given up since. */
                    since?: string | null;
                    /** @description Given up until. */
                    until?: string | null;
                    state?: "open" | "replayed" | "discarded" | "all";
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeadLetterPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Put aside open ones that are like this, oldest first, some at a time
         * @description Call again with `cursor` until `next` is null.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ManyBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replay open ones that are like this, oldest first, some at a time
         * @description Call again with `cursor` until `next` is null. What fails again meanwhile is not met again.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ManyBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/{dead_letter_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dead_letter_id: string;
            };
            cookie?: never;
        };
        /** Show why a run was given up, and each other time it was */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    dead_letter_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeadLetterStory"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/{dead_letter_id}/discard": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dead_letter_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Put it aside: looked at, and not to be replayed; its run stays failed */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    dead_letter_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WhyBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeadLetterStory"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/{dead_letter_id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dead_letter_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send its run through policy and hold again: the same id, the next epoch */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    dead_letter_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WhyBody"];
                };
            };
            responses: {
                /** @description Accepted */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeadLetterStory"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/decision-links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Vote as oneself by a link that was made for oneself, and use it up */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["LinkBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description The digest, quoted. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApprovalView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                410: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/delegations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List who may vote for whom, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                    whose?: "mine" | "all";
                    status?: "current" | "all";
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DelegationPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        /** Let another person vote with groups of one's own, until a time */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DelegationBody"];
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DelegationView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/delegations/{delegation_id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                delegation_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End it now: whoever lent, whoever was lent to, or an administrator */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    delegation_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DelegationView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List attempts at post-actions, newest first */
        get: {
            parameters: {
                query?: {
                    run?: string | null;
                    target?: string | null;
                    outcome?: "delivered" | "retry" | "refused" | null;
                    /** @description Attempted since. */
                    since?: string | null;
                    /** @description Attempted until. */
                    until?: string | null;
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeliveriesPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deliveries/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send deliveries again, each under the id it had, as many as the preview counted
         * @description Runs stay as they are. Of one that failed on its way out, what comes after is delivered too.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ReplayBody"];
                };
            };
            responses: {
                /** @description Accepted */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReplayView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deliveries/replay/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Count what a replay would send again; nothing is sent */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NarrowedBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PlanView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deliveries/{delivery_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                delivery_id: string;
            };
            cookie?: never;
        };
        /** Show an attempt with all that was answered, up to 64 KiB */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    delivery_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeliveryStory"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/exports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List what was exported, newest first, with how to verify it offline */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: number | null;
                    limit?: number;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ExportPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        /**
         * Ask for an export now, instead of at the next full hour
         * @description Asked again while one is due or under way, it changes nothing. What is exported is what the
         *     newest checkpoint covers; `schedule` of GET /v1/exports says how far it is.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Accepted */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ExportAskedView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/exports/trail/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Download everything that was exported, as one zip file the offline verifier reads */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description A file's name. */
                        "Content-Disposition"?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/zip": string;
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                502: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/exports/{first}/download": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                first: number;
            };
            cookie?: never;
        };
        /**
         * Download one export's files, the checkpoint that covers it and the signers
         * @description On its own it adds to a folder that has what lies before; the verifier needs that too.
         */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    first: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description A file's name. */
                        "Content-Disposition"?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/zip": string;
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                502: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Say who the caller is, in which tenants, what they are there, and how long they are in */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MeView"];
                    };
                };
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notice-channels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tenant's notice channels by name */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                    /** @description A part of its name. */
                    q?: string | null;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChannelPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        /** Add a channel; it is told of what happens from now on */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ChannelBody"];
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChannelView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notice-channels/{channel_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        /** Show one channel */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    channel_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChannelView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        /** Replace a channel; what is not told yet goes where it says then */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    channel_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ChannelBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChannelView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        post?: never;
        /** Remove a channel; what is not told yet is told to nobody */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    channel_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChannelView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notice-channels/{channel_id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tell a channel that this is a test, also where it is off */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    channel_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Accepted */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TestView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List what was told lately and what became of it, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                    /** @description Of this channel alone. */
                    channel?: string | null;
                    status?: "due" | "delivered" | "given_up" | "nobody" | null;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NoticePage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/persons": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tenant's people and machines in the order they came */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                    /** @description Those who were removed too. */
                    removed?: boolean;
                    /** @description A part of a name or address, or a whole subject. */
                    q?: string | null;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PersonPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/persons/{person_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                person_id: string;
            };
            cookie?: never;
        };
        /** Show a person and what stands to their name */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    person_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PersonView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/persons/{person_id}/remove": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                person_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a person no longer act here, whatever their token says
         * @description What they wrote, asked for and voted stays theirs. Not oneself: another administrator does it.
         */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    person_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RemovalBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PersonView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/persons/{person_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                person_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let a person who was removed act again */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    person_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PersonView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/persons/{person_id}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                person_id: string;
            };
            cookie?: never;
        };
        /** List the sessions of one of the tenant's people */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    person_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionList"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        /** Sign one of the tenant's people out of every browser; the provider may let them in again */
        delete: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    person_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description No Content */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tenant's policy versions, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: number | null;
                    limit?: number;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PolicyPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        /** Add a version, accepted and with its own tests passing; it is not in force yet */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PolicyBody"];
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PolicyView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies/active": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the version in force; without one, everything is denied */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PolicyView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say whether a set would be accepted, and where what is wrong stands; nothing is kept */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PolicyBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PolicyChecked"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say what would be decided about a request, by which policies, and why */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ExplainBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Explained"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                version: number;
            };
            cookie?: never;
        };
        /** Show a version: its policies, tests, activations, and whether you may activate it */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    version: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PolicyView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies/{version}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                version: number;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Put a version in force; whoever wrote it cannot be the one */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    version: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PolicyView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies/{version}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                version: number;
            };
            cookie?: never;
        };
        /** Say what differs from an older version */
        get: {
            parameters: {
                query: {
                    /** @description The older version. */
                    against: number;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    version: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PolicyDiff"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies/{version}/dry-run": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                version: number;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Replay the last real runs against a version, and say what would change; nothing does */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    version: number;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DryRunBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DryRunView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/queues": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show how every queue stands
         * @description The holding sees the whole machine and each tenant's share; others their tenant's share.
         */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["QueuesView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/queues/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show how queues stood over the last minutes, up to a day
         * @description Kept by the broker's server; while that is away, or was emptied, there is none.
         */
        get: {
            parameters: {
                query?: {
                    /** @description How far back. */
                    minutes?: number;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["HistoryView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/queues/{queue}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                queue: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
            };
            cookie?: never;
        };
        /** Show how one queue stands */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    queue: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["QueueView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/queues/{queue}/drain": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                queue: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a queue work off what is due now and nothing newer; then it is paused
         * @description The answer does not wait for it: `state` becomes `paused` and `drain_left` null when it is over.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    queue: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ReasonBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["QueueView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/queues/{queue}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                queue: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let a queue give away no work: what is being worked on ends, the rest waits */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    queue: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ReasonBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["QueueView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/queues/{queue}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                queue: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let a queue give away work again, and make what waits due at once */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    queue: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ReasonBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["QueueView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/queues/{queue}/scale": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                queue: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Say how many processes serve a queue from now on
         * @description It is a wish: the scaler of the machine, or the cluster's autoscaler, makes it so within
         *     seconds; `workers` says how many there are.
         */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    queue: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ScaleBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["QueueView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reviews": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List reviews, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                    status?: "open" | "closed";
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReviewPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reviews/{review_id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                review_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say, as another person who may decide on it, whether it was an emergency */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    review_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ReviewBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReviewView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tenant's runs, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                    /** @description One or several; any where not given. */
                    status?: ("received" | "permitted" | "denied" | "held" | "approved" | "rejected" | "expired" | "cancelled" | "executing" | "executed" | "delivering" | "delivered" | "failed" | "completed")[];
                    /** @description Its name. */
                    assistant?: string | null;
                    source?: string | null;
                    /** @description The person or client that asked. */
                    requester?: string | null;
                    /** @description Came then or later. */
                    since?: string | null;
                    /** @description Came then or earlier. */
                    until?: string | null;
                    /** @description How the run's id begins. */
                    q?: string | null;
                    /** @description A dead letter waits that was neither replayed nor discarded. */
                    has_dead_letter?: boolean | null;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RunPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{run_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        /** Show a run with all that became of it */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    run_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RunView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{run_id}/audit": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        /** Show what the sealed trail says of a run, newest first, each entry with its proof */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    before?: number | null;
                    limit?: number;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    run_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrailView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{run_id}/calls": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        /** Show where an execution's calls went and what came of each, once that is sealed */
        get: {
            parameters: {
                query?: {
                    /** @description The latest where not given. */
                    execution?: string | null;
                    /** @description The last number that is known; 0 from the beginning. */
                    after?: number;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    run_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CallsView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{run_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End a run that is held, approved or executing, also one's own
         * @description Nothing runs any more. The sandbox of one that is executing is killed: the answer says
         *     `executing`, and it is cancelled a moment later. Asking again changes nothing. The body may be
         *     left out.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    run_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["CancelBody"];
                };
            };
            responses: {
                /** @description Accepted */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MovedView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{run_id}/log": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        /** Show what the agent printed, from a line on; while it runs, as far as it has come */
        get: {
            parameters: {
                query?: {
                    /** @description The latest where not given. */
                    execution?: string | null;
                    /** @description The last sequence that is known; -1 from the beginning. */
                    after?: number;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    run_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RunLogView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{run_id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a failed run through policy and hold again, in its next epoch */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    run_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Accepted */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MovedView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sandboxes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List what every assistant may reach, by name, at the version in force */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                    /** @description A part of its name. */
                    q?: string | null;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SandboxPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Add a source that sends by the clock, from now on */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewScheduleBody"];
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schedules/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say when a cron expression would send; nothing is kept */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TimingBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TimingRead"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the caller's own sessions, the newest first */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionList"];
                    };
                };
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        /** End all of the caller's sessions but the one that asks */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description No Content */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End one of the caller's own sessions */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    session_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description No Content */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/source-schemes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the ways a source can prove who it is, with the settings of each */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SchemeList"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tenant's sources by name */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                    /** @description A part of its name. */
                    q?: string | null;
                    active?: boolean | null;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourcePage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        /** Add a source; a secret that is made here is told this once */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SourceBody"];
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceWithSecret"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{source_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source_id: string;
            };
            cookie?: never;
        };
        /** Show a source: its last events, and what was turned away, explained */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    source_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        /** Stop a source for ever: its address and its secrets never count again */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    source_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceRemoved"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{source_id}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let a source send */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    source_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{source_id}/callbacks": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source_id: string;
            };
            cookie?: never;
        };
        get?: never;
        /** Change where a source's senders may be called back */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    source_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CallbacksBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{source_id}/deactivate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Refuse whatever a source sends, until it is activated again */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    source_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{source_id}/intake": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source_id: string;
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Change what a source takes: bodies, sizes, ids and rate
         * @description Who does cannot approve what it sends.
         */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    source_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["IntakeBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{source_id}/mapping": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source_id: string;
            };
            cookie?: never;
        };
        get?: never;
        /** Change what a source's events become; who does cannot approve what it sends */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    source_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["MappingBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        post?: never;
        /** Take each of a source's events as it comes */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    source_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{source_id}/mapping-tests": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Show what an event would become; nothing is kept or run */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    source_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["MappingTestBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MappingTested"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{source_id}/schedule": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source_id: string;
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Let it send at other times, or something else, from now on
         * @description Who does cannot approve what it sends. What is not named goes back to its default.
         */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    source_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ScheduleBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{source_id}/secrets": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a source another secret, told this once; the older ones live on for a while
         * @description The two newest count. Who rotated last cannot approve what the source sends.
         */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    source_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RotationBody"];
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceWithSecret"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{source_id}/secrets/{secret_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source_id: string;
                secret_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Let an older secret count no more, at once; the newest stays */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    source_id: string;
                    secret_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{source_id}/settings": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source_id: string;
            };
            cookie?: never;
        };
        get?: never;
        /** Change how a source proves itself; who does cannot approve what it sends */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    source_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SettingsBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sources/{source_id}/unsigned": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source_id: string;
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Let a source send without any proof: anyone who knows its address can
         * @description Who does cannot approve what it sends.
         */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    source_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["UnsignedBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        post?: never;
        /** Refuse what proves nothing, as a source does from the start */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    source_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/targets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tenant's targets by name, and how their last deliveries fared */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                    /** @description A part of its name. */
                    q?: string | null;
                };
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TargetPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        /** Add a target; its signing secret is told this once, and its header's value if it was made */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TargetBody"];
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TargetWithSecret"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/targets/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Show what a target like this would be sent; nothing is kept and nothing is sent */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TargetDraftBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PreviewView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/targets/{target}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                target: string;
            };
            cookie?: never;
        };
        /** Show a target with its versions and the last deliveries to it */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    target: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TargetView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        /** Let no assistant name a target any more; what is being delivered to it still arrives */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    target: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Removed"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/targets/{target}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                target: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send nothing to a target for now; what is delivered to it waits */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    target: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SwitchBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TargetView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/targets/{target}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                target: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send to a target again, what waits first; its circuit is closed, too */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    target: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TargetView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/targets/{target}/header": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                target: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send another value in its header from now on; one that is made for it is told this once */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    target: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["HeaderBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TargetSaved"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/targets/{target}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                target: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Show exactly what a test of a target would send, its secrets left out */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    target: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["TargetTestBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PreviewView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/targets/{target}/secret": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                target: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign with a new secret from now on, told this once; the old one counts no more */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    target: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TargetWithSecret"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/targets/{target}/test": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                target: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a target a test; its type is `target.test`, and the target shows what came of it */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                };
                path: {
                    target: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["TargetTestBody"];
                };
            };
            responses: {
                /** @description Accepted */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TargetTestAsked"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/targets/{target}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                target: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a target its next version, signed with the secret it has
         * @description What was approved for the version before and has not started is held again.
         */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The tenant's short name; needed only by who belongs to several. */
                    "AWGP-Tenant"?: string;
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    target: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TargetVersionBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TargetSaved"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the caller's tenants by their short names; the holding's people see all */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TenantPage"];
                    };
                };
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        /** Open a subsidiary: its trail begins, its people come by the groups SLUG-operators, -admins */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TenantBody"];
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TenantOpened"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                tenant: string;
            };
            cookie?: never;
        };
        /** Show a tenant, and how much goes on in it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    tenant: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TenantView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/close": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                tenant: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Close a subsidiary for ever: its sources stop, its trail and its exports go on */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    tenant: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ClosingBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TenantClosedView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/rate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                tenant: string;
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Limit how many requests all senders of a subsidiary may send together
         * @description It counts within a minute. What a single source may send is its own setting.
         */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description The ETag this edit is based on. */
                    "If-Match": string;
                };
                path: {
                    tenant: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["LimitBody"];
                };
            };
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        /** @description Of this state, for If-Match. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TenantView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                412: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                428: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/visits": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                tenant: string;
            };
            cookie?: never;
        };
        /** List the holding's visits to a tenant, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    cursor?: string | null;
                    limit?: number;
                };
                header?: never;
                path: {
                    tenant: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["VisitPage"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        put?: never;
        /** Act in a tenant, as operator and admin, for a reason it keeps, for a while */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    tenant: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["VisitBody"];
                };
            };
            responses: {
                /** @description Created */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["VisitView"];
                    };
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                409: components["responses"]["Problem"];
                413: components["responses"]["Problem"];
                415: components["responses"]["Problem"];
                422: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}/visits/{visit_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                tenant: string;
                visit_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End one's own visit, or as one of the tenant's admins anyone's */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    tenant: string;
                    visit_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description No Content */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                400: components["responses"]["Problem"];
                401: components["responses"]["Problem"];
                403: components["responses"]["Problem"];
                404: components["responses"]["Problem"];
                503: components["responses"]["Problem"];
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        ActivationLine: {
            /** Format: date-time */
            at: string;
            by: components["schemas"]["PersonRef"];
        };
        ActorView: {
            id: string;
            /** @description A person's name as the tenant knows it; never in the trail. */
            name: string | null;
            type: string;
        };
        ApprovalBundleView: {
            /** @description Another bundle than was last approved. */
            changed: boolean;
            digest: string;
            /** @description Null where the bundle cannot be read. */
            files: components["schemas"]["ComparedFileView"][] | null;
            /** @description The assistant's last approval before this one. */
            last_approved: components["schemas"]["LastApprovedView"] | null;
            signers: components["schemas"]["BundleSignerView"][];
            /** @description Why it will not be launched for want of a signature. */
            unsigned_because: string | null;
        };
        ApprovalDetailView: {
            /** @description What is approved. */
            action: {
                [key: string]: unknown;
            };
            /** @description The action's bytes (RFC 8785): digest = SHA-256 of `awgp.action.v1`, a zero byte and these. */
            action_base64: string;
            asked: components["schemas"]["WhoAsksView"];
            /** @description The assistant's id, @, and the version. */
            assistant_version: string;
            bundle: components["schemas"]["ApprovalBundleView"];
            can_still_vote: components["schemas"]["PossibleVoterView"][];
            /** Format: date-time */
            decided_at: string | null;
            /** @description SHA-256 of the action, as this approval shows it. A decision names what its maker saw; where that is no longer what is asked, nothing is decided. */
            digest: string;
            epoch: number;
            excluded: components["schemas"]["ExcludedView"][];
            /** Format: date-time */
            expires_at: string;
            /** Format: uuid */
            id: string;
            /** @description As the list shows it. */
            line: components["schemas"]["ApprovalLine"];
            me: components["schemas"]["PositionView"];
            /** @enum {string|null} */
            my_vote: "approve" | "reject" | null;
            /** Format: date-time */
            opened_at: string;
            payload: components["schemas"]["PayloadView"];
            payload_before_edit: components["schemas"]["OtherPayloadView"] | null;
            post_actions: components["schemas"]["PostActionView"][];
            /** @description What was approved last of the same assistant and source. */
            previous_payload: components["schemas"]["OtherPayloadView"] | null;
            requirement: {
                [key: string]: unknown;
            };
            /** Format: uuid */
            run_id: string;
            sandbox: components["schemas"]["SandboxWordsView"];
            /** @enum {string} */
            status: "open" | "approved" | "rejected" | "expired" | "cancelled" | "superseded";
            tally: components["schemas"]["TallyView"];
            votes: components["schemas"]["VoteView"][];
        };
        ApprovalFileView: {
            /**
             * @description Since the last approved bundle; null where nothing changed.
             * @enum {string|null}
             */
            change: "added" | "removed" | "changed" | null;
            /** @description Unified, where both are text. */
            diff: string | null;
            diff_cut: boolean;
            path: string;
            /** @description Null: it was removed. */
            size: number | null;
            /** @description Null where it is no text. */
            text: string | null;
            text_cut: boolean;
        };
        ApprovalLine: {
            assistant: string;
            can_vote: boolean;
            /** Format: date-time */
            decided_at: string | null;
            digest: string;
            epoch: number;
            /** Format: date-time */
            expires_at: string;
            held_by: components["schemas"]["HeldByView"][];
            /** Format: uuid */
            id: string;
            /** @enum {string|null} */
            my_vote: "approve" | "reject" | null;
            /** Format: date-time */
            opened_at: string;
            policy_version: number | null;
            progress: components["schemas"]["RuleCountView"][];
            requester: components["schemas"]["RequesterView"];
            risk: components["schemas"]["RiskView"];
            rules: string[];
            /** Format: uuid */
            run_id: string;
            /** @description Its name, if one asked. */
            source: string | null;
            /** @enum {string} */
            status: "open" | "approved" | "rejected" | "expired" | "cancelled" | "superseded";
            /** @description The payload in one line of plain text: show it as text. */
            summary: string;
            tenant: string;
            /** @description Votes lent to the caller that would count. */
            via: components["schemas"]["LoanView"][];
            /** @enum {unknown} */
            why_not: "not-open" | "expired" | "not-a-person" | "excluded" | "voted" | "not-qualified" | "not-your-turn" | null;
            why_not_detail: string | null;
        };
        ApprovalPage: {
            items: components["schemas"]["ApprovalLine"][];
            /** @description `cursor` of the next page. A page may be shorter than `limit`, or empty, while `next` names another: a request reads a bounded number of rows. */
            next: string | null;
        };
        ApprovalView: {
            /** @description What is approved. */
            action: {
                [key: string]: unknown;
            };
            /** @description The action's bytes (RFC 8785): digest = SHA-256 of `awgp.action.v1`, a zero byte and these. */
            action_base64: string;
            /** Format: date-time */
            decided_at: string | null;
            /** @description SHA-256 of the action, as this approval shows it. A decision names what its maker saw; where that is no longer what is asked, nothing is decided. */
            digest: string;
            epoch: number;
            excluded: components["schemas"]["ExcludedView"][];
            /** Format: date-time */
            expires_at: string;
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            opened_at: string;
            payload: components["schemas"]["PayloadView"];
            requirement: {
                [key: string]: unknown;
            };
            /** Format: uuid */
            run_id: string;
            /** @enum {string} */
            status: "open" | "approved" | "rejected" | "expired" | "cancelled" | "superseded";
            tally: components["schemas"]["TallyView"];
            votes: components["schemas"]["VoteView"][];
        };
        AssistantBody: {
            /**
             * @description What its bundle may be given of what it asks for: `network` (rules of `url`, `methods`, `private`), `environment` (values by name), `gateway` (a ceiling), `llm` (`url`, `models`, `tokens`, `private`, `credential`), `memory` (`entries`, `model`), `syscalls` (`profile` `default` or `strict`, and what is added to the latter, `add`: a ceiling). Left out: as the version before, if it has the same bundle; nothing for the first. Must be said where another bundle follows one that was allowed something.
             * @default null
             * @example {
             *       "network": [
             *         {
             *           "methods": [
             *             "GET"
             *           ],
             *           "url": "https://api.example.com/v1/"
             *         }
             *       ]
             *     }
             */
            allow?: {
                [key: string]: unknown;
            } | null;
            bundle: string;
            /** @description Kept and shown. No agent is given it, and no action digest covers it. */
            configuration?: {
                [key: string]: unknown;
            };
            /** @description A ceiling for the bundle's own limits; one that is left out is open. */
            limits?: {
                [key: string]: number;
            };
            name: string;
            /** @description Names of targets: where results go, in order. */
            targets?: string[];
        };
        AssistantLine: {
            active: boolean;
            author: components["schemas"]["PersonRef"];
            bundle: string;
            bundle_name: string;
            bundle_version: string;
            /** Format: date-time */
            changed_at: string;
            /** Format: date-time */
            created_at: string;
            /** Format: uuid */
            id: string;
            name: string;
            runtime: string;
            sources: components["schemas"]["SourceOfAssistant"][];
            targets: string[];
            version: number;
        };
        AssistantOfSource: {
            active: boolean;
            name: string;
        };
        AssistantPage: {
            items: components["schemas"]["AssistantLine"][];
            /** @description `cursor` of the next page. */
            next: string | null;
        };
        AssistantSandboxView: {
            /** @description By the tenant; empty is nothing. */
            allowed: {
                [key: string]: unknown;
            };
            allowed_but_not_asked: string[];
            /** @description By the bundle's manifest; empty is nothing. */
            asked: {
                [key: string]: unknown;
            };
            asked_but_not_allowed: string[];
            /** @description What it is granted, in words. */
            may: string[];
            version: number;
        };
        AssistantVersionView: {
            author: components["schemas"]["PersonRef"];
            bundle: string;
            bundle_author: components["schemas"]["PersonRef"];
            bundle_name: string;
            bundle_version: string;
            /** @description The same as a new version takes it; what is open is left out. */
            ceilings: {
                [key: string]: unknown;
            };
            configuration: {
                [key: string]: unknown;
            };
            /** Format: date-time */
            created_at: string;
            /** @description What the bundle asks, within that ceiling. */
            limits: {
                [key: string]: unknown;
            };
            runtime: string;
            runtime_digest: string;
            /** @description What the tenant allows; empty is no ceiling, and no network. */
            sandbox_policy: {
                [key: string]: unknown;
            };
            targets: string[];
            version: number;
        };
        AssistantView: {
            active: boolean;
            author: components["schemas"]["PersonRef"];
            bundle: string;
            bundle_name: string;
            bundle_version: string;
            /** Format: date-time */
            changed_at: string;
            /** Format: date-time */
            created_at: string;
            current: components["schemas"]["AssistantVersionView"];
            /** Format: uuid */
            id: string;
            name: string;
            runs: components["schemas"]["RunsSummary"];
            runtime: string;
            sources: components["schemas"]["SourceOfAssistant"][];
            targets: string[];
            version: number;
            versions: components["schemas"]["AssistantVersionView"][];
        };
        AuthorKeyBody: {
            /** @description The public key, as `awgp bundle key make` prints it. */
            key: string;
        };
        AuthorKeyLine: {
            /** Format: date-time */
            added_at: string;
            added_by: components["schemas"]["PersonRef"];
            /** @description Active ones whose bundle nobody else's key signed that counts: once this one is revoked, they are not launched. */
            assistants: string[];
            /** @description The newest 20 of them. */
            bundles: components["schemas"]["SignedBundleRef"][];
            key: string;
            /** @description sha256: over the 32 bytes of the public key. */
            key_id: string;
            name: string;
            /** Format: date-time */
            revoked_at: string | null;
            revoked_because: string | null;
            revoked_by: components["schemas"]["PersonRef"] | null;
            /** @description How many bundles. */
            signed: number;
        };
        AuthorKeyView: {
            /** Format: date-time */
            added_at: string;
            added_by: components["schemas"]["PersonRef"];
            key: string;
            /** @description sha256: over the 32 bytes of the public key. */
            key_id: string;
            name: string;
            /** Format: date-time */
            revoked_at: string | null;
            revoked_because: string | null;
            revoked_by: components["schemas"]["PersonRef"] | null;
        };
        AuthorKeysView: {
            items: components["schemas"]["AuthorKeyLine"][];
            /** @description Active ones whose bundle no key signed that counts: not launched as soon as there is a key. */
            unsigned_assistants: string[];
        };
        BatchBody: {
            approvals: components["schemas"]["BatchItemBody"][];
            /** @default  */
            reason?: string;
            /** @default null */
            reject_reason?: string | null;
            /** @enum {unknown} */
            verdict: "approve" | "reject";
        };
        BatchItem: {
            /** Format: uuid */
            id: string;
            /**
             * @description `counted`: the vote counts, and more are needed.
             * @enum {string}
             */
            outcome: "decided" | "counted" | "refused";
            /** @description RFC 9457, of what was refused. */
            problem: {
                [key: string]: unknown;
            } | null;
            status: string | null;
        };
        BatchItemBody: {
            /** @description SHA-256 of the action, as this approval shows it. A decision names what its maker saw; where that is no longer what is asked, nothing is decided. */
            digest: string;
            /** Format: uuid */
            id: string;
        };
        BatchView: {
            items: components["schemas"]["BatchItem"][];
        };
        BreakGlassBody: {
            /** @description SHA-256 of the action, as this approval shows it. A decision names what its maker saw; where that is no longer what is asked, nothing is decided. */
            digest: string;
            reason: string;
        };
        BundleDetail: {
            author: components["schemas"]["PersonRef"];
            /** Format: date-time */
            created_at: string;
            digest: string;
            files: components["schemas"]["FileLine"][];
            manifest: {
                [key: string]: unknown;
            };
            name: string;
            packed_bytes: number;
            runtime: string;
            signers: components["schemas"]["BundleSignerView"][];
            unpacked_bytes: number;
            /** @description Why it is not launched for want of a signature. */
            unsigned_because: string | null;
            used_by: components["schemas"]["UseOfBundle"][];
            version: string;
        };
        BundleDiff: {
            files: components["schemas"]["FileChangeView"][];
            new: string;
            old: string;
        };
        BundleLine: {
            author: components["schemas"]["PersonRef"];
            /** Format: date-time */
            created_at: string;
            digest: string;
            name: string;
            packed_bytes: number;
            runtime: string;
            used_by: components["schemas"]["UseOfBundle"][];
            version: string;
        };
        BundlePage: {
            items: components["schemas"]["BundleLine"][];
            /** @description `cursor` of the next page. */
            next: string | null;
        };
        BundleSignerView: {
            counts: boolean;
            key_id: string;
            name: string;
            revoked: boolean;
            revoked_because: string | null;
        };
        BundleView: {
            digest: string;
            files: number;
            manifest: {
                [key: string]: unknown;
            };
            packed_bytes: number;
            signers: components["schemas"]["BundleSignerView"][];
        };
        CallbackEntry: {
            /** @description A target at the same origin; its secret signs. */
            target: string;
            /** @description It, and what lies under it, may be called. */
            url: string;
        };
        CallbackLine: {
            target: string;
            url: string;
        };
        CallbacksBody: {
            /** @description All of them. */
            callbacks: components["schemas"]["CallbackEntry"][];
        };
        CallsView: {
            /** @description Ask on with it; null when nothing follows now. */
            after: number | null;
            attempt: number | null;
            calls: components["schemas"]["GatewayCallView"][];
            /** @description It is over and all its calls are sealed: no more will come. */
            complete: boolean;
            epoch: number | null;
            /** Format: uuid */
            execution_id: string | null;
            /** @description It was lost with its host: what it called is not known. */
            not_known: boolean;
        };
        CancelBody: {
            /**
             * @description Kept encrypted in the audit trail, and nowhere else.
             * @default
             */
            reason?: string;
        };
        CastBody: {
            /** @description SHA-256 of the action, as this approval shows it. A decision names what its maker saw; where that is no longer what is asked, nothing is decided. */
            digest: string;
            /**
             * Format: uuid
             * @description The person who lent their vote; it is theirs that counts.
             * @default null
             */
            on_behalf_of?: string | null;
            /** @default  */
            reason?: string;
            /**
             * @description One the rules offer; the requester is told it.
             * @default null
             */
            reject_reason?: string | null;
            /** @enum {unknown} */
            verdict: "approve" | "reject";
        };
        ChannelBody: {
            /** @default true */
            active?: boolean;
            /**
             * @description Names of assistants; empty is every one.
             * @default []
             */
            assistants?: string[];
            events: ("approval.opened" | "approval.reminded" | "approval.escalated" | "approval.approved" | "approval.rejected" | "approval.expired" | "approval.cancelled" | "break_glass.used" | "run.completed" | "run.failed" | "target.disabled")[];
            /** @enum {unknown} */
            kind: "webhook" | "email";
            name: string;
            /**
             * @description Of mail: addresses.
             * @default []
             */
            recipients?: string[];
            /**
             * @description Names of approval rules; empty is every one.
             * @default []
             */
            rules?: string[];
            /**
             * @description Of a webhook: the target's name. It is signed as results are.
             * @default null
             */
            target?: string | null;
            /**
             * @description Of mail: also those it is up to: who can still decide; once it is decided, who asked and who voted.
             * @default false
             */
            to_people?: boolean;
            /**
             * @description The payload goes along. It leaves AWGP.
             * @default false
             */
            with_payload?: boolean;
        };
        ChannelPage: {
            items: components["schemas"]["ChannelView"][];
            /** @description `cursor` of the next page. */
            next: string | null;
        };
        ChannelView: {
            active: boolean;
            assistants: string[];
            /** Format: date-time */
            changed_at: string;
            /** Format: date-time */
            created_at: string;
            /** @description Of this state: what `If-Match` of its edit says. */
            etag: string;
            events: string[];
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            kind: "webhook" | "email";
            /**
             * @description Of the last notice that is kept; null without one.
             * @enum {string|null}
             */
            last_status: "due" | "delivered" | "given_up" | "nobody" | null;
            name: string;
            recipients: string[];
            rules: string[];
            target: string | null;
            to_people: boolean;
            with_payload: boolean;
        };
        CheckpointPage: {
            items: components["schemas"]["CheckpointView"][];
            next: number | null;
        };
        CheckpointView: {
            chain_hash: string;
            id: number;
            /** @description The signed note, as it is. */
            note: string;
            rewinds: number;
            root: string;
            /** @description Entries it covers. */
            size: number;
            /** Format: date-time */
            time: string;
        };
        CircuitBody: {
            /** @description In a row, after which it is left alone; 10 by default. */
            failures?: number;
            /** @description For how long at first; 30 by default, twice as long each time. */
            open_seconds?: number;
        };
        CircuitView: {
            /** @description In a row. */
            failures: number;
            last_error: string | null;
            /** Format: date-time */
            open_until: string | null;
            /** @enum {string} */
            standing: "closed" | "open" | "half-open";
        };
        ClockView: {
            /** @description Last, by whom: they cannot approve what it sends. */
            changed: components["schemas"]["ScheduleChanged"];
            /** @description Five fields: minute, hour, day of the month, month, day of the week. */
            cron: string;
            /** @description A tick is sent up to so many seconds late; how late follows from the tick. */
            jitter_seconds: number;
            /**
             * @description What becomes of ticks that nobody was there to send: nothing (`skip`), a run of the latest (`once`), or a run of each (`all`, 100 at most).
             * @enum {string}
             */
            missed: "skip" | "once" | "all";
            /** @description The next five; none while it is deactivated. */
            next: components["schemas"]["Coming"][];
            /** @description What is sent. In its texts `{{ tick }}`, `{{ local }}`, `{{ date }}`, `{{ time }}` and `{{ source }}` are replaced. */
            payload: {
                [key: string]: unknown;
            };
            /** @description When it ticks, in English, in its zone. */
            words: string;
            /** @description Of the IANA's time zones, in which the fields are read. */
            zone: string;
        };
        ClosingBody: {
            /** @description The tenant's short name again: it cannot be undone. */
            confirm: string;
        };
        Coming: {
            /** Format: date-time */
            send_at: string;
            /** Format: date-time */
            tick: string;
        };
        ComparedFileView: {
            /**
             * @description Since the last approved bundle; null where nothing changed.
             * @enum {string|null}
             */
            change: "added" | "removed" | "changed" | null;
            executable: boolean;
            path: string;
            /** @description Bytes. */
            size: number;
        };
        CredentialBody: {
            /**
             * @description The header it is sent in.
             * @default Authorization
             */
            header?: string;
            /** @description What rules call it. */
            name: string;
            /**
             * Format: password
             * @description The whole value of the header, such as `Bearer …`. Nobody is told it again.
             */
            value: string;
        };
        CredentialPage: {
            items: components["schemas"]["CredentialView"][];
            /** @description `cursor` of the next page. */
            next: string | null;
        };
        CredentialValueBody: {
            /**
             * @description The header it is sent in; left out, the one it has.
             * @default null
             */
            header?: string | null;
            /**
             * Format: password
             * @description The whole value of the header, such as `Bearer …`. Nobody is told it again.
             */
            value: string;
        };
        CredentialView: {
            /** @description Active ones whose rules name it. */
            assistants: string[];
            /** @description What a change of it names. */
            etag: string;
            header: string;
            /**
             * Format: uuid
             * @description Of the value it has now.
             */
            id: string;
            /**
             * Format: date-time
             * @description When one of these was last launched since it was saved. Which of their calls had it is not known.
             */
            launched_at: string | null;
            name: string;
            /**
             * Format: date-time
             * @description The value it has now.
             */
            saved_at: string;
            saved_by: components["schemas"]["PersonRef"];
        };
        DeadLetterPage: {
            items: components["schemas"]["DeadLetterView"][];
            /**
             * Format: uuid
             * @description `cursor` of the next page.
             */
            next: string | null;
        };
        DeadLetterStory: {
            assistant: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            discarded_at: string | null;
            epoch: number;
            error: string;
            failures: number;
            /** Format: uuid */
            id: string;
            others: components["schemas"]["DeadLetterView"][];
            /** Format: date-time */
            replayed_at: string | null;
            /** Format: uuid */
            run_id: string;
            /** @enum {unknown} */
            run_status: "received" | "permitted" | "denied" | "held" | "approved" | "rejected" | "expired" | "cancelled" | "executing" | "executed" | "delivering" | "delivered" | "failed" | "completed";
            /** @enum {unknown} */
            stage: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
            /** @enum {string} */
            state: "open" | "replayed" | "discarded";
        };
        DeadLetterView: {
            assistant: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            discarded_at: string | null;
            epoch: number;
            error: string;
            failures: number;
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            replayed_at: string | null;
            /** Format: uuid */
            run_id: string;
            /** @enum {unknown} */
            run_status: "received" | "permitted" | "denied" | "held" | "approved" | "rejected" | "expired" | "cancelled" | "executing" | "executed" | "delivering" | "delivered" | "failed" | "completed";
            /** @enum {unknown} */
            stage: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
            /** @enum {string} */
            state: "open" | "replayed" | "discarded";
        };
        Decided: {
            code: string;
            errors: string[];
            hold_rules: string[];
            reasons: string[];
            verdict: string;
        };
        DecidedBefore: {
            code: string;
            errors: string[];
            hold_rules: string[];
            policy_version: number | null;
            reasons: string[];
            verdict: string;
        };
        DelegationBody: {
            /**
             * Format: date-time
             * @description Within 90 days from now.
             */
            ends_at: string;
            /** @description Of your own voting groups (`GET /v1/me`). */
            groups: string[];
            /** @default  */
            reason?: string;
            /**
             * Format: date-time
             * @description Now, where not given.
             * @default null
             */
            starts_at?: string | null;
            /**
             * Format: uuid
             * @description The person who may vote.
             */
            to: string;
        };
        DelegationPage: {
            items: components["schemas"]["DelegationView"][];
            /**
             * Format: uuid
             * @description `cursor` of the next page.
             */
            next: string | null;
        };
        DelegationView: {
            /** Format: date-time */
            ends_at: string;
            /** Format: uuid */
            from_id: string;
            from_name: string;
            groups: string[];
            /** Format: uuid */
            id: string;
            reason: string;
            /** Format: date-time */
            revoked_at: string | null;
            /** Format: date-time */
            starts_at: string;
            /** Format: uuid */
            to_id: string;
            to_name: string;
        };
        DeliveriesPage: {
            items: components["schemas"]["DeliveryView"][];
            /**
             * Format: uuid
             * @description `cursor` of the next page.
             */
            next: string | null;
        };
        DeliveryLine: {
            attempt: number;
            /** Format: date-time */
            attempted_at: string;
            duration_ms: number;
            error: string | null;
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            outcome: "delivered" | "retry" | "refused";
            position: number;
            /** @description A person asked for it. */
            replayed: boolean;
            response_bytes: number | null;
            /** Format: uuid */
            run_id: string;
            status_code: number | null;
            version: number;
        };
        DeliveryStory: {
            attempt: number;
            /** Format: date-time */
            attempted_at: string;
            duration_ms: number;
            epoch: number;
            error: string | null;
            /** Format: uuid */
            id: string;
            idempotency_key: string;
            /** @enum {string} */
            outcome: "delivered" | "retry" | "refused";
            position: number;
            /** @description A person asked for it. */
            replayed: boolean;
            response: string | null;
            response_bytes: number | null;
            /** Format: uuid */
            run_id: string;
            status_code: number | null;
            target: string;
            url: string;
            version: number;
        };
        DeliveryView: {
            attempt: number;
            /** Format: date-time */
            attempted_at: string;
            duration_ms: number;
            epoch: number;
            error: string | null;
            /** Format: uuid */
            id: string;
            idempotency_key: string;
            /** @enum {string} */
            outcome: "delivered" | "retry" | "refused";
            position: number;
            /** @description A person asked for it. */
            replayed: boolean;
            response_bytes: number | null;
            /** Format: uuid */
            run_id: string;
            status_code: number | null;
            target: string;
            version: number;
        };
        DraftBody: {
            /** @description Name -> {pointer or mapped, type}: what policies may read of a request. */
            context_fields?: {
                [key: string]: unknown;
            };
            source: string;
        };
        DryRunBody: {
            /** @default 100 */
            last?: number;
        };
        DryRunView: {
            asked: number;
            changed: number;
            counts: components["schemas"]["VerdictCount"][];
            /** @description It took too long; older runs were not asked. */
            cut: boolean;
            replayed: number;
            /** @description Those that would be decided otherwise, newest first. */
            runs: components["schemas"]["RunThatChanges"][];
            version: number;
        };
        EditBody: {
            /** @description SHA-256 of the action, as this approval shows it. A decision names what its maker saw; where that is no longer what is asked, nothing is decided. */
            digest: string;
            /** @description The new payload, where it is JSON. */
            payload?: {
                [key: string]: unknown;
            };
            /** @description The new payload's bytes; instead of `payload`. */
            payload_base64?: string;
        };
        EditedView: {
            /** @description What is approved. */
            action: {
                [key: string]: unknown;
            };
            /** @description The action's bytes (RFC 8785): digest = SHA-256 of `awgp.action.v1`, a zero byte and these. */
            action_base64: string;
            /** Format: date-time */
            decided_at: string | null;
            /** @description SHA-256 of the action, as this approval shows it. A decision names what its maker saw; where that is no longer what is asked, nothing is decided. */
            digest: string;
            epoch: number;
            excluded: components["schemas"]["ExcludedView"][];
            /** Format: date-time */
            expires_at: string;
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            opened_at: string;
            payload: components["schemas"]["PayloadView"];
            replaces: components["schemas"]["Replaced"];
            requirement: {
                [key: string]: unknown;
            };
            /** Format: uuid */
            run_id: string;
            /** @enum {string} */
            status: "open" | "approved" | "rejected" | "expired" | "cancelled" | "superseded";
            tally: components["schemas"]["TallyView"];
            votes: components["schemas"]["VoteView"][];
        };
        EntryPage: {
            items: components["schemas"]["EntryView"][];
            /** @description `cursor` of the next page. A page looks through so much of the log at most: it may be short, or empty, and still have a next one. */
            next: number | null;
        };
        EntryView: {
            action: string;
            actor: components["schemas"]["ActorView"];
            after: {
                [key: string]: unknown;
            } | null;
            before: {
                [key: string]: unknown;
            } | null;
            /** @description SHA-256 of the chain up to here, in hex. */
            hash: string;
            /** Format: uuid */
            id: string;
            metadata: {
                [key: string]: unknown;
            };
            /** Format: date-time */
            occurred_at: string;
            resource: components["schemas"]["ResourceView"];
            /** Format: date-time */
            sealed_at: string;
            sequence: number;
        };
        Error: {
            /** @description Error code */
            code?: number;
            /** @description Errors */
            errors?: {
                [key: string]: unknown;
            };
            /** @description Error message */
            message?: string;
            /** @description Error name */
            status?: string;
        };
        EventLine: {
            /** Format: date-time */
            changed_at: string;
            /** @description Its sender's id of it. */
            event: string | null;
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            received_at: string;
            status: string;
        };
        ExcludedView: {
            because: string;
            name: string;
            /** Format: uuid */
            person_id: string;
        };
        Expectation: {
            /** @description What the answer has to contain to mean delivered. */
            body_contains?: string;
            /** @description What means not yet where the answer contains it. */
            body_lacks?: string;
            /** @description Statuses that mean delivered; any 2xx where there is none. */
            status?: number[];
        };
        ExplainBody: {
            assistant: string;
            /**
             * @description A set that nobody has kept yet.
             * @default null
             */
            draft?: components["schemas"]["DraftBody"] | null;
            /**
             * @default api
             * @enum {string}
             */
            origin?: "api" | "webhook" | "schedule";
            payload: {
                [key: string]: unknown;
            };
            /**
             * @description Who asks; the caller where it is left out.
             * @default null
             */
            principal?: components["schemas"]["PrincipalBody"] | null;
            /**
             * Format: date-time
             * @description Now where it is left out.
             * @default null
             */
            received_at?: string | null;
            /** @default null */
            version?: number | null;
        };
        Explained: {
            auto_reason: string | null;
            /** @enum {string} */
            code: "auto" | "hold" | "policy-error" | "forbidden" | "no-permit";
            erred: components["schemas"]["OnePolicy"][];
            errors: string[];
            hold_rules: string[];
            matched: components["schemas"]["OnePolicy"][];
            policy_digest: string;
            reasons: string[];
            /** @enum {string} */
            verdict: "deny" | "auto" | "hold";
            /** @description Null for a draft. */
            version: number | null;
            why: string;
        };
        ExportAskedView: {
            schedule: components["schemas"]["ScheduleView"];
        };
        ExportPage: {
            /** @description The tenant's folder in the store. */
            folder: string;
            /** @description Step by step, offline. */
            how_to_verify: string[];
            items: components["schemas"]["ExportView"][];
            next: number | null;
            schedule: components["schemas"]["ScheduleView"];
            /** @description Whether this control plane can download. */
            store: boolean;
        };
        ExportView: {
            /** @description Of its files; null where it was exported before this was kept. */
            bytes: number | null;
            entries: number;
            /**
             * Format: date-time
             * @description When it was read back and found the same.
             */
            exported_at: string;
            /** @description Names below the tenant's folder. */
            files: string[];
            first_sequence: number;
            /** @description Its first entry. */
            id: number;
            last_sequence: number;
            /**
             * Format: date-time
             * @description null where the bucket has no Object Lock: say so aloud.
             */
            locked_until: string | null;
            manifest_sha256: string;
        };
        FileChangeView: {
            /** @enum {unknown} */
            change: "added" | "removed" | "changed";
            /** @description The diff goes on. */
            cut: boolean;
            /** @description Unified; null for what is no text, or too much to compare. */
            diff: string | null;
            new_size: number | null;
            old_size: number | null;
            path: string;
        };
        FileLine: {
            digest: string;
            executable: boolean;
            path: string;
            /** @description Bytes. */
            size: number;
        };
        FileTextView: {
            /** @description More follows. */
            cut: boolean;
            digest: string;
            path: string;
            size: number;
            /** @description Null where it is no text. */
            text: string | null;
        };
        FindingView: {
            place: string;
            sequence: number | null;
            what: string;
        };
        GatewayCallView: {
            /** @description The answer's, as it came. */
            bytes_in: number;
            /** @description The body it sent. */
            bytes_out: number;
            /** @description Scheme, host and port; empty of a URL that cannot be read. */
            destination: string;
            duration_ms: number;
            /** @description Why nothing came back: docs/reference/gateway.md; empty if it did. */
            error: string;
            method: string;
            /** @description From 1 within an execution, in order. */
            number: number;
            /** @description Since the launch. */
            offset_ms: number;
            /** @description Of the answer; null without. */
            status: number | null;
            /** @description Of a model. */
            tokens: number;
        };
        HeaderBody: {
            /**
             * @description The new one; made, and told this once, if left out.
             * @default null
             */
            header_value?: string | null;
        };
        HeldByView: {
            description: string | null;
            /** @description The policy's `@id`. */
            policy: string;
            /** @description Its `@hold`, if it has one. */
            rule: string | null;
        };
        HistoryFigures: {
            dead: number;
            depth: number;
            in_flight: number;
            oldest_seconds: number | null;
            /** @enum {unknown} */
            queue: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
            rate: number | null;
            retrying: number;
            workers: number | null;
        };
        HistoryPoint: {
            /** Format: date-time */
            at: string;
            queues: components["schemas"]["HistoryFigures"][];
        };
        HistoryView: {
            items: components["schemas"]["HistoryPoint"][];
            /** @enum {string} */
            scope: "tenant" | "machine";
            /** @description How far apart points are; each says the highest figures around it. */
            step_seconds: number;
        };
        IntakeBody: {
            /** @description All of it; what is not named goes back to its default. docs/reference/source-mapping.md. */
            intake: {
                [key: string]: unknown;
            };
        };
        LastApprovedView: {
            /** Format: uuid */
            approval_id: string;
            bundle_digest: string;
            /** Format: date-time */
            decided_at: string;
            /** Format: uuid */
            run_id: string;
        };
        LimitBody: {
            /** @description Of all its senders together; null: as the edge's settings say. */
            rate: components["schemas"]["RateIn"] | null;
        };
        LinkBody: {
            /** @description SHA-256 of the action, as this approval shows it. A decision names what its maker saw; where that is no longer what is asked, nothing is decided. */
            digest: string;
            /** @default  */
            reason?: string;
            /** @default null */
            reject_reason?: string | null;
            token: string;
            /** @enum {unknown} */
            verdict: "approve" | "reject";
        };
        LoanView: {
            lender: string;
            /** Format: uuid */
            lender_id: string;
        };
        ManyBody: {
            /** @default null */
            assistant?: string | null;
            /**
             * @description `next` of the call before, to go on; repeat its other members.
             * @default null
             */
            cursor?: string | null;
            /**
             * @description A part of the error, in any case.
             * @default null
             */
            error?: string | null;
            /**
             * @description How many this call does at most.
             * @default 100
             */
            limit?: number;
            /** @description Why; kept in the audit trail. */
            reason: string;
            /**
             * Format: uuid
             * @default null
             */
            run?: string | null;
            /**
             * Format: date-time
             * @description Given up since.
             * @default null
             */
            since?: string | null;
            /**
             * @description Where it was given up.
             * @default null
             * @enum {string|null}
             */
            stage?: "policy" | "hold" | "execute" | "post_action" | "audit" | "export" | null;
            /**
             * Format: date-time
             * @description Given up until.
             * @default null
             */
            until?: string | null;
        };
        ManyView: {
            done: number;
            /** @description How many come after these. */
            left: number;
            /** @description `cursor` to go on with; null when all are through. */
            next: string | null;
            /** @description Those it could not be done to; they hold up no other. */
            skipped: components["schemas"]["SkippedView"][];
        };
        MappingBody: {
            /** @description {rules: [...]}; docs/reference/source-mapping.md. */
            mapping: {
                [key: string]: unknown;
            };
        };
        MappingTestBody: {
            /** @description The event's body, as its sender sends it. */
            body: string;
            /** @description Of the request; Content-Type is application/json by default. */
            headers?: {
                [key: string]: string;
            };
            /**
             * @description To try in place of the source's own.
             * @default null
             */
            mapping?: {
                [key: string]: unknown;
            } | null;
        };
        MappingTested: {
            events: components["schemas"]["WouldBecome"][];
        };
        MayActivate: {
            allowed: boolean;
            because: string | null;
        };
        MeView: {
            /** @description How they proved it. */
            acr: string | null;
            /**
             * Format: date-time
             * @description The last proof of who they are, where the provider says.
             */
            authenticated_at: string | null;
            /** @description For `X-CSRF-Token`; null with an access token, which needs none. */
            csrf_token: string | null;
            /** @description One who looks into every tenant. */
            holding: boolean;
            issuer: string;
            /** @enum {string} */
            kind: "human" | "client";
            name: string;
            /** @description The browser's own. */
            session: components["schemas"]["SessionTimes"] | null;
            subject: string;
            tenants: components["schemas"]["TenantRoles"][];
            /** @description Where a trace is looked at; its id takes `{trace_id}`'s place. */
            trace_url: string | null;
            /** @description Where one of the holding may act now, as operator and admin. */
            visits: components["schemas"]["OwnVisitView"][];
        };
        MovedView: {
            epoch: number;
            /** Format: uuid */
            id: string;
            /** @enum {unknown} */
            status: "received" | "permitted" | "denied" | "held" | "approved" | "rejected" | "expired" | "cancelled" | "executing" | "executed" | "delivering" | "delivered" | "failed" | "completed";
        };
        NarrowedBody: {
            /**
             * Format: uuid
             * @description This one alone.
             * @default null
             */
            delivery?: string | null;
            /**
             * @default null
             * @enum {string|null}
             */
            outcome?: "delivered" | "retry" | "refused" | null;
            /**
             * Format: uuid
             * @default null
             */
            run?: string | null;
            /**
             * Format: date-time
             * @description Attempted since.
             * @default null
             */
            since?: string | null;
            /** @default null */
            target?: string | null;
            /**
             * Format: date-time
             * @description Attempted until.
             * @default null
             */
            until?: string | null;
        };
        NewScheduleBody: {
            assistant: string;
            /** @description Five fields: minute, hour, day of the month, month, day of the week. */
            cron: string;
            /**
             * @description A tick is sent up to so many seconds late; how late follows from the tick.
             * @default 0
             */
            jitter_seconds?: number;
            /**
             * @description What becomes of ticks that nobody was there to send: nothing (`skip`), a run of the latest (`once`), or a run of each (`all`, 100 at most).
             * @default skip
             * @enum {string}
             */
            missed?: "skip" | "once" | "all";
            name: string;
            /**
             * Format: uuid
             * @description Who answers for it and cannot approve what it sends; you.
             * @default null
             */
            owner?: string | null;
            /** @description What is sent. In its texts `{{ tick }}`, `{{ local }}`, `{{ date }}`, `{{ time }}` and `{{ source }}` are replaced. */
            payload?: {
                [key: string]: unknown;
            };
            /**
             * @description Of the IANA's time zones, in which the fields are read.
             * @default UTC
             */
            zone?: string;
        };
        NoticePage: {
            items: components["schemas"]["NoticeView"][];
            /**
             * Format: uuid
             * @description `cursor` of the next page.
             */
            next: string | null;
        };
        NoticeView: {
            /** Format: uuid */
            approval_id: string | null;
            attempts: number;
            /** @description Its name. */
            channel: string;
            /** Format: uuid */
            channel_id: string;
            /** Format: date-time */
            created_at: string;
            /** @enum {string} */
            event: "approval.opened" | "approval.reminded" | "approval.escalated" | "approval.approved" | "approval.rejected" | "approval.expired" | "approval.cancelled" | "break_glass.used" | "run.completed" | "run.failed" | "target.disabled" | "channel.test";
            /** Format: date-time */
            finished_at: string | null;
            /** Format: uuid */
            id: string;
            last_error: string | null;
            /** Format: uuid */
            run_id: string | null;
            /** @enum {string} */
            status: "due" | "delivered" | "given_up" | "nobody";
            /** @description How many have the mail. */
            told: number;
        };
        OnePolicy: {
            auto: string | null;
            description: string | null;
            /** @enum {string} */
            effect: "permit" | "forbid";
            hold: string | null;
            id: string;
            line: number;
        };
        OtherPayloadView: {
            /** Format: uuid */
            approval_id: string | null;
            /** Format: date-time */
            at: string;
            base64: string;
            content_type: string;
            epoch: number;
            /** @description Parsed, where it is JSON; a convenience: the bytes count. */
            json?: unknown;
            /** Format: uuid */
            run_id: string;
            /** @description Bytes. */
            size: number;
        };
        OwnVisitView: {
            /** Format: uuid */
            id: string;
            tenant: string;
            /** Format: date-time */
            until: string;
        };
        OwnedSource: {
            /** Format: uuid */
            id: string;
            name: string;
        };
        PaginationMetadata: {
            /** @description First available page number. */
            first_page?: number;
            /** @description Last available page number. */
            last_page?: number;
            /** @description Next page number. */
            next_page?: number;
            /** @description Current page number. */
            page?: number;
            /** @description Previous page number. */
            previous_page?: number;
            /** @description Total number of items. */
            total?: number;
            /** @description Total number of pages. */
            total_pages?: number;
        };
        PayloadView: {
            base64: string;
            content_type: string;
            /** @description Parsed, where it is JSON; a convenience: the bytes count. */
            json?: unknown;
            /** @description Bytes. */
            size: number;
        };
        PersonLine: {
            /** Format: date-time */
            created_at: string;
            email: string;
            /** @description Their voting groups when they were last seen. */
            groups: string[];
            /** Format: uuid */
            id: string;
            issuer: string;
            /** @enum {string} */
            kind: "human" | "client";
            name: string;
            /** Format: date-time */
            removed_at: string | null;
            /** Format: date-time */
            seen_at: string | null;
            subject: string;
        };
        PersonPage: {
            items: components["schemas"]["PersonLine"][];
            /**
             * Format: uuid
             * @description `cursor` of the next page.
             */
            next: string | null;
        };
        PersonRef: {
            /** Format: uuid */
            id: string;
            name: string;
        };
        PersonView: {
            bundles: number;
            /** Format: date-time */
            created_at: string;
            email: string;
            /** @description Their voting groups when they were last seen. */
            groups: string[];
            /** Format: uuid */
            id: string;
            issuer: string;
            /** @enum {string} */
            kind: "human" | "client";
            name: string;
            owns_sources: components["schemas"]["OwnedSource"][];
            /** Format: date-time */
            removed_at: string | null;
            /** Format: date-time */
            seen_at: string | null;
            subject: string;
            wrote_assistants: string[];
            wrote_policies: number[];
            wrote_rules: string[];
        };
        PersonalView: {
            content: {
                [key: string]: unknown;
            } | null;
            /** @description Whether the key is gone, and with it the meaning. */
            erased: boolean;
        };
        PlanView: {
            /** @description How many would be sent again; counted to 2000. */
            count: number;
            first: components["schemas"]["PlannedView"][];
            /** @description How many can be sent again at once. */
            most: number;
            /** @description Under way just now, or their target was removed. */
            skipped: number;
        };
        PlannedView: {
            /** Format: date-time */
            attempted_at: string;
            epoch: number;
            /** @enum {string} */
            outcome: "delivered" | "retry" | "refused";
            position: number;
            /** Format: uuid */
            run_id: string;
            target: string;
        };
        PolicyBody: {
            /** @description Name -> {pointer or mapped, type}: what policies may read of a request. */
            context_fields?: {
                [key: string]: unknown;
            };
            /** @description Cedar policies, each with an @id. */
            source: string;
            /** @description [{name, request, expect: {verdict, rules}}]; docs/reference/policy.md. */
            tests?: {
                [key: string]: unknown;
            }[];
        };
        PolicyChecked: {
            accepted: boolean;
            digest: string | null;
            hold_rules: string[];
            policies: components["schemas"]["OnePolicy"][];
            problems: components["schemas"]["ProblemFound"][];
            tests: components["schemas"]["TestOutcome"][];
        };
        PolicyDiff: {
            fields_added: string[];
            fields_removed: string[];
            new: number;
            old: number;
            policies_added: string[];
            policies_removed: string[];
            rules_added: string[];
            rules_removed: string[];
            /** @description Unified; null for what is too long to compare. */
            source: string | null;
        };
        PolicyLine: {
            /**
             * Format: date-time
             * @description The last time.
             */
            activated_at: string | null;
            author: components["schemas"]["PersonRef"];
            /** Format: date-time */
            created_at: string;
            digest: string;
            in_force: boolean;
            tests_count: number;
            version: number;
        };
        PolicyPage: {
            items: components["schemas"]["PolicyLine"][];
            /** @description `cursor` of the next page. */
            next: number | null;
        };
        PolicyRef: {
            in_force: boolean;
            version: number;
        };
        PolicyView: {
            /**
             * Format: date-time
             * @description The last time.
             */
            activated_at: string | null;
            activation: components["schemas"]["MayActivate"];
            activations: components["schemas"]["ActivationLine"][];
            author: components["schemas"]["PersonRef"];
            context_fields: {
                [key: string]: unknown;
            };
            /** Format: date-time */
            created_at: string;
            digest: string;
            /** @description Approval rules it asks for. */
            hold_rules: string[];
            in_force: boolean;
            /** @description Of them, those not there. */
            missing_rules: string[];
            policies: components["schemas"]["OnePolicy"][];
            source: string;
            tests: {
                [key: string]: unknown;
            }[];
            tests_count: number;
            version: number;
        };
        PositionView: {
            can_vote: boolean;
            detail: string | null;
            /** @description Their own vote; otherwise only one of `via`. */
            itself: boolean;
            /** @description Votes lent to them that would count. */
            via: components["schemas"]["LoanView"][];
            /** @enum {unknown} */
            why_not: "not-open" | "expired" | "not-a-person" | "excluded" | "voted" | "not-qualified" | "not-your-turn" | null;
        };
        PossibleVoterView: {
            name: string;
            /** Format: uuid */
            person_id: string;
            rules: string[];
        };
        PostActionView: {
            name: string | null;
            position: number;
            /** Format: uuid */
            target_id: string;
            template: string | null;
            url: string;
            version: number;
        };
        PreviewBody: {
            /** @description As a version takes it, to be tried. */
            allow: {
                [key: string]: unknown;
            };
        };
        PreviewView: {
            body: string;
            body_bytes: number;
            headers: {
                [key: string]: string;
            };
            method: string;
            /** @description Why its template makes no body of this. */
            problem: string | null;
            url: string;
        };
        PrincipalBody: {
            /** @description A source's name, a person's or client's subject. */
            id: string;
            /** @enum {unknown} */
            type: "Source" | "Person" | "Client";
        };
        /** @description RFC 9457 problem details. Compare `type`; show `detail`. */
        Problem: {
            /** @description Of `reauthentication-needed`: by one of these, apart by blanks. */
            acr_values?: string;
            detail: string;
            errors?: {
                detail: string;
                field: string;
            }[];
            /** @description The member, header or parameter at fault. */
            field?: string;
            /** @description Name it when you report the error. */
            incident?: string;
            /** @description Of `reauthentication-needed`: a sign-in of the last so many seconds. */
            max_age?: number;
            status: number;
            title: string;
            /**
             * Format: uri
             * @example urn:awgp:problem:run-not-found
             */
            type: string;
        };
        ProblemFound: {
            column: number | null;
            fix: string | null;
            line: number | null;
            message: string;
            policy: string | null;
            /** @enum {string} */
            where: "source" | "context_fields" | "tests";
        };
        ProofView: {
            checkpoint: components["schemas"]["CheckpointView"];
            /** @description Counted from 0. */
            index: number;
            /** @description SHA-256 of a zero byte and the body. */
            leaf_hash: string;
            /** @description The nearest sibling first. */
            path: string[];
            root: string;
            tree_size: number;
        };
        ProvenEntry: {
            action: string;
            actor: components["schemas"]["ActorView"];
            after: {
                [key: string]: unknown;
            } | null;
            before: {
                [key: string]: unknown;
            } | null;
            /** @description The sealed bytes, as text: RFC 8785 JSON. */
            body: string;
            body_base64: string;
            /** @description Whether the body holds personal data, encrypted. */
            has_personal: boolean;
            /** @description SHA-256 of the chain up to here, in hex. */
            hash: string;
            /** Format: uuid */
            id: string;
            metadata: {
                [key: string]: unknown;
            };
            /** Format: date-time */
            occurred_at: string;
            /** @description `hash` is SHA-256 of `awgp.audit.v1`, a zero byte, this and the body. */
            previous_hash: string;
            /** @description null while no checkpoint covers the entry. */
            proof: components["schemas"]["ProofView"] | null;
            /** @description Why the log does not lead to what was signed: it was altered. */
            proof_problem: string | null;
            resource: components["schemas"]["ResourceView"];
            /** Format: date-time */
            sealed_at: string;
            sequence: number;
            signer: components["schemas"]["SignerView"] | null;
        };
        QueueView: {
            /** Format: date-time */
            changed_at: string;
            /** @description A person's id, or the user at the machine. */
            changed_by: string;
            /** @description What that person is called; for the holding. */
            changed_by_name: string | null;
            /** @description Open dead letters. */
            dead: number;
            /** @description What is due now, worked on or not. */
            depth: number;
            /** @description Of a drain, what is left to work off; for the holding. */
            drain_left: number | null;
            /** @description For If-Match, to scale it; without quotes. */
            etag: string;
            in_flight: number;
            /** @description How long the oldest that nobody works on has been due. */
            oldest_seconds: number | null;
            /** @enum {unknown} */
            queue: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
            /** @description Messages worked on a second; for the holding. */
            rate: number | null;
            reason: string;
            /** @description What failed before and waits for its next try. */
            retrying: number;
            /** @enum {unknown} */
            state: "running" | "draining" | "paused";
            /** @description Each tenant's share, largest first; for the holding. */
            tenants: components["schemas"]["TenantShare"][];
            /** @description null where nobody ever said. */
            wanted: components["schemas"]["WantedView"] | null;
            /** @description Processes that serve it now; null where nobody can say. */
            workers: number | null;
        };
        QueuesView: {
            /** Format: date-time */
            at: string;
            /** @description What is wrong with the broker; null when it answers. */
            broker: string | null;
            items: components["schemas"]["QueueView"][];
            /**
             * @description Whether the figures are one tenant's or the whole machine's.
             * @enum {string}
             */
            scope: "tenant" | "machine";
        };
        RateIn: {
            /**
             * @description At once, at most; without it, a minute's worth.
             * @default null
             */
            burst?: number | null;
            per_minute: number;
        };
        RateView: {
            /** @description At once, at most. */
            burst: number;
            per_minute: number;
        };
        ReasonBody: {
            /** @description Why; kept in the audit trail. */
            reason: string;
        };
        RefusalLine: {
            /** Format: date-time */
            first_at: string;
            /** @enum {string} */
            kind: "signature-missing" | "signature-wrong" | "secret-missing" | "caller-not-allowed" | "settings-invalid" | "timestamp-out-of-range" | "source-inactive" | "body-invalid" | "body-not-taken" | "event-id-missing" | "mapping-failed" | "callback-not-allowed" | "rate-exceeded" | "id-reused" | "ignored";
            /** Format: date-time */
            last_at: string;
            means: string;
            recent: components["schemas"]["RefusalMoment"][];
            refused: number;
        };
        RefusalMoment: {
            /** Format: date-time */
            at: string;
            hint: string | null;
        };
        RemovalBody: {
            /**
             * Format: uuid
             * @description Who takes over the sources they own.
             * @default null
             */
            heir?: string | null;
        };
        Removed: {
            /** Format: uuid */
            id: string;
            name: string;
            removed: boolean;
        };
        Replaced: {
            /** @description SHA-256 of the action, as this approval shows it. A decision names what its maker saw; where that is no longer what is asked, nothing is decided. */
            digest: string;
            /** Format: uuid */
            id: string;
        };
        ReplayBody: {
            /** @description What the preview counted; where it is another, nothing is sent. */
            count: number;
            /**
             * Format: uuid
             * @description This one alone.
             * @default null
             */
            delivery?: string | null;
            /**
             * @default null
             * @enum {string|null}
             */
            outcome?: "delivered" | "retry" | "refused" | null;
            /** @description Why; kept in the audit trail. */
            reason: string;
            /**
             * Format: uuid
             * @default null
             */
            run?: string | null;
            /**
             * Format: date-time
             * @description Attempted since.
             * @default null
             */
            since?: string | null;
            /** @default null */
            target?: string | null;
            /**
             * Format: date-time
             * @description Attempted until.
             * @default null
             */
            until?: string | null;
        };
        ReplayView: {
            replayed: number;
        };
        RequesterView: {
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            kind: "source" | "person" | "client";
            name: string;
        };
        ResourceView: {
            id: string;
            type: string;
        };
        RevealBody: {
            /** @description Why; kept in the audit trail. */
            reason: string;
        };
        ReviewBody: {
            note: string;
            /** @enum {unknown} */
            verdict: "justified" | "unjustified";
        };
        ReviewPage: {
            items: components["schemas"]["ReviewView"][];
            /**
             * Format: uuid
             * @description `cursor` of the next page.
             */
            next: string | null;
        };
        ReviewView: {
            /** Format: uuid */
            approval_id: string;
            /** Format: date-time */
            closed_at: string | null;
            closed_by: string | null;
            /** Format: uuid */
            closed_by_id: string | null;
            /** @description By what part in it four eyes keep you from closing it. */
            excluded_as: string | null;
            /** Format: uuid */
            id: string;
            note: string;
            /** Format: date-time */
            opened_at: string;
            person: string;
            /** Format: uuid */
            person_id: string;
            reason: string;
            /** Format: uuid */
            run_id: string;
            /** @enum {unknown} */
            verdict: "justified" | "unjustified" | null;
        };
        RevocationBody: {
            reason: string;
        };
        RiskReasonView: {
            code: string;
            points: number;
            text: string;
        };
        RiskView: {
            /** @enum {unknown} */
            level: "low" | "medium" | "high";
            reasons: components["schemas"]["RiskReasonView"][];
            score: number;
        };
        RotationBody: {
            /**
             * @description How long the older secrets live on at most.
             * @default 86400
             */
            overlap_seconds?: number;
            /**
             * @description One that its sender has already; needed where that makes them.
             * @default null
             */
            secret?: string | null;
        };
        RuleBody: {
            name: string;
            /** @description quorum, groups, reason, expires_in_seconds, execution_expires_in_seconds and what else a rule may say; docs/reference/policy.md. */
            rule: {
                [key: string]: unknown;
            };
        };
        RuleCountView: {
            have: number;
            met: boolean;
            /** @description Over all its turns. */
            needed: number;
            rule: string;
            /** @description The place in `turns` of who is asked now; past it when met. */
            turn: number;
            turns: components["schemas"]["TurnCountView"][];
        };
        RuleLine: {
            author: components["schemas"]["PersonRef"] | null;
            /** Format: date-time */
            created_at: string | null;
            /** @description The policy in force names it. */
            in_force: boolean;
            name: string;
            /** @description quorum, groups, reason, expires_in_seconds, execution_expires_in_seconds and what else a rule may say; docs/reference/policy.md. */
            rule: {
                [key: string]: unknown;
            };
            version: number;
        };
        RulePage: {
            items: components["schemas"]["RuleLine"][];
            /** @description `cursor` of the next page. */
            next: string | null;
        };
        RuleRemoved: {
            name: string;
            removed: boolean;
        };
        RuleVersionBody: {
            /** @description quorum, groups, reason, expires_in_seconds, execution_expires_in_seconds and what else a rule may say; docs/reference/policy.md. */
            rule: {
                [key: string]: unknown;
            };
        };
        RuleVersionView: {
            author: components["schemas"]["PersonRef"] | null;
            /** Format: date-time */
            created_at: string | null;
            name: string;
            /** @description quorum, groups, reason, expires_in_seconds, execution_expires_in_seconds and what else a rule may say; docs/reference/policy.md. */
            rule: {
                [key: string]: unknown;
            };
            version: number;
        };
        RuleView: {
            author: components["schemas"]["PersonRef"] | null;
            /** Format: date-time */
            created_at: string | null;
            /** @description The policy in force names it. */
            in_force: boolean;
            name: string;
            removed: boolean;
            /** @description quorum, groups, reason, expires_in_seconds, execution_expires_in_seconds and what else a rule may say; docs/reference/policy.md. */
            rule: {
                [key: string]: unknown;
            };
            used_by: components["schemas"]["PolicyRef"][];
            version: number;
            versions: components["schemas"]["RuleVersionView"][];
        };
        RunApprovalView: {
            /** Format: date-time */
            decided_at: string | null;
            digest: string;
            epoch: number;
            /** Format: date-time */
            execution_expires_at: string | null;
            /** Format: date-time */
            expires_at: string;
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            opened_at: string;
            status: string;
            votes: components["schemas"]["RunVoteView"][];
        };
        RunCallbackView: {
            attempts: number;
            /** Format: date-time */
            created_at: string;
            epoch: number;
            error: string | null;
            /** Format: date-time */
            finished_at: string | null;
            /** Format: uuid */
            id: string;
            /** @description due, delivered or given_up. */
            status: string;
            status_code: number | null;
            target: string;
            url: string;
        };
        RunDeadLetterView: {
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            discarded_at: string | null;
            epoch: number;
            error: string;
            failures: number;
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            replayed_at: string | null;
            stage: string;
        };
        RunDecisionView: {
            auto_reason: string | null;
            code: string;
            /** Format: date-time */
            decided_at: string;
            epoch: number;
            errors: string[] | null;
            hold_rules: string[] | null;
            policies: components["schemas"]["HeldByView"][];
            policy_version: number | null;
            verdict: string;
        };
        RunDeliveryView: {
            attempt: number;
            /** Format: date-time */
            attempted_at: string;
            duration_ms: number;
            epoch: number;
            error: string | null;
            /** Format: uuid */
            id: string;
            outcome: string;
            position: number;
            /** @description Its beginning. */
            response: string | null;
            response_bytes: number | null;
            status_code: number | null;
            target: string;
            /** Format: uuid */
            target_id: string;
            target_version: number;
            url: string;
        };
        RunExecutionView: {
            attempt: number;
            /** @description Bundle and payload. */
            bytes_in: number | null;
            /** @description Output and result. */
            bytes_out: number | null;
            /** @description Processor time of the whole sandbox. */
            cpu_ms: number | null;
            detail: string | null;
            duration_ms: number | null;
            epoch: number;
            exit_code: number | null;
            exit_reason: string | null;
            /** Format: date-time */
            finished_at: string | null;
            /** Format: uuid */
            id: string;
            output_bytes: number | null;
            peak_memory_bytes: number | null;
            /** @description Where it is whole. */
            result: unknown;
            result_bytes: number | null;
            /** @description Its beginning, where it is not. */
            result_text: string | null;
            /** @description What the sandbox took before the agent began. */
            start_ms: number | null;
            /** Format: date-time */
            started_at: string;
            truncated: boolean;
        };
        RunHandoffView: {
            /** Format: date-time */
            created_at: string;
            failures: number;
            /**
             * Format: date-time
             * @description When a person wanted its execution ended.
             */
            kill_asked_at: string | null;
            /** @description Who that was. */
            kill_by: string | null;
            last_error: string | null;
            /** Format: date-time */
            not_before: string | null;
            stage: string;
            worked_on: boolean;
        };
        RunLine: {
            assistant: string;
            /** Format: date-time */
            changed_at: string;
            epoch: number;
            has_dead_letter: boolean;
            /** Format: uuid */
            id: string;
            reason: string | null;
            /** Format: date-time */
            received_at: string;
            /** @description Its kind and id. */
            requester: string;
            requester_name: string;
            sealed: boolean;
            source: string | null;
            /** Format: uuid */
            source_id: string | null;
            /** @enum {unknown} */
            status: "received" | "permitted" | "denied" | "held" | "approved" | "rejected" | "expired" | "cancelled" | "executing" | "executed" | "delivering" | "delivered" | "failed" | "completed";
        };
        RunLogLineView: {
            /** @description Since the launch. */
            offset_ms: number;
            sequence: number;
            /** @enum {string} */
            stream: "stdout" | "stderr" | "event";
            /** @description Of an event, its JSON: docs/reference/events.md. */
            text: string;
        };
        RunLogView: {
            /** @description Ask on with it; null when nothing follows now. */
            after: number | null;
            attempt: number | null;
            /** @description No more will come. */
            ended: boolean;
            epoch: number | null;
            /** Format: uuid */
            execution_id: string | null;
            lines: components["schemas"]["RunLogLineView"][];
            truncated: boolean;
        };
        RunPage: {
            items: components["schemas"]["RunLine"][];
            /**
             * Format: uuid
             * @description `cursor` of the next page.
             */
            next: string | null;
        };
        RunPayloadView: {
            base64: string;
            content_type: string;
            /** @description Who edited it, if anyone did. */
            editor: string | null;
            epoch: number;
            /** @description Parsed, where it is whole and JSON. */
            json?: unknown;
            /** @description Bytes. */
            size: number;
            /** @description False: this is its beginning. */
            whole: boolean;
        };
        RunRef: {
            /** Format: date-time */
            changed_at: string;
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            received_at: string;
            status: string;
        };
        RunStageView: {
            detail: string | null;
            /** Format: date-time */
            ended_at: string | null;
            /** @enum {unknown} */
            stage: "policy" | "hold" | "execute" | "post_action" | "audit" | "export";
            /** Format: date-time */
            started_at: string | null;
            /** @enum {unknown} */
            state: "waiting" | "working" | "people" | "done" | "stopped" | "skipped" | "ahead";
        };
        RunThatChanges: {
            after: components["schemas"]["Decided"];
            assistant: string;
            before: components["schemas"]["DecidedBefore"];
            /** Format: date-time */
            received_at: string;
            /** Format: uuid */
            run_id: string;
        };
        RunView: {
            approvals: components["schemas"]["RunApprovalView"][];
            assistant: string;
            /** Format: uuid */
            assistant_id: string;
            callbacks: components["schemas"]["RunCallbackView"][];
            /** @description It is held or approved, or executing and nobody wants it ended yet. */
            can_cancel: boolean;
            /** @description It failed and its end is sealed. */
            can_replay: boolean;
            /** Format: date-time */
            changed_at: string;
            dead_letters: components["schemas"]["RunDeadLetterView"][];
            decisions: components["schemas"]["RunDecisionView"][];
            deliveries: components["schemas"]["RunDeliveryView"][];
            epoch: number;
            executions: components["schemas"]["RunExecutionView"][];
            handoff: components["schemas"]["RunHandoffView"] | null;
            /** Format: uuid */
            id: string;
            origin: {
                [key: string]: unknown;
            };
            payload: components["schemas"]["RunPayloadView"];
            reason: string | null;
            /** Format: date-time */
            received_at: string;
            requester: components["schemas"]["RequesterView"];
            /** Format: date-time */
            sealed_at: string | null;
            source_kind: string | null;
            stages: components["schemas"]["RunStageView"][];
            /** @enum {unknown} */
            status: "received" | "permitted" | "denied" | "held" | "approved" | "rejected" | "expired" | "cancelled" | "executing" | "executed" | "delivering" | "delivered" | "failed" | "completed";
            tenant: string;
            traceparent: string | null;
        };
        RunVoteView: {
            name: string;
            /** Format: uuid */
            person_id: string;
            reason: string;
            verdict: string;
            voted_at: string;
        };
        RunsSummary: {
            by_status: {
                [key: string]: number;
            };
            /** @description How many of the last runs are counted here. */
            counted: number;
            last: components["schemas"]["RunRef"] | null;
        };
        SandboxLine: {
            active: boolean;
            /** @description By the tenant; empty is nothing. */
            allowed: {
                [key: string]: unknown;
            };
            allowed_but_not_asked: string[];
            /** @description By the bundle's manifest; empty is nothing. */
            asked: {
                [key: string]: unknown;
            };
            asked_but_not_allowed: string[];
            /** @description What it is granted, in words. */
            may: string[];
            name: string;
            version: number;
        };
        SandboxPage: {
            items: components["schemas"]["SandboxLine"][];
            /** @description `cursor` of the next page. */
            next: string | null;
        };
        SandboxWordsView: {
            files: string[];
            limits: string[];
            network: string[];
            syscalls: string[];
        };
        ScaleBody: {
            /** @description How many are to run from now on. */
            processes: number;
            /** @description Why; kept in the audit trail. */
            reason: string;
        };
        ScheduleBody: {
            /** @description Five fields: minute, hour, day of the month, month, day of the week. */
            cron: string;
            /**
             * @description A tick is sent up to so many seconds late; how late follows from the tick.
             * @default 0
             */
            jitter_seconds?: number;
            /**
             * @description What becomes of ticks that nobody was there to send: nothing (`skip`), a run of the latest (`once`), or a run of each (`all`, 100 at most).
             * @default skip
             * @enum {string}
             */
            missed?: "skip" | "once" | "all";
            /** @description What is sent. In its texts `{{ tick }}`, `{{ local }}`, `{{ date }}`, `{{ time }}` and `{{ source }}` are replaced. */
            payload?: {
                [key: string]: unknown;
            };
            /**
             * @description Of the IANA's time zones, in which the fields are read.
             * @default UTC
             */
            zone?: string;
        };
        ScheduleChanged: {
            /** Format: date-time */
            at: string;
            by: components["schemas"]["PersonRef"];
        };
        ScheduleView: {
            /** @description Entries exported so far. */
            exported: number;
            /** Format: date-time */
            next_at: string | null;
            /** @description Whether it was handed to a worker. */
            running: boolean;
            /** @description Entries the newest checkpoint covers. */
            signed: number;
        };
        SchemeList: {
            items: components["schemas"]["SchemeView"][];
        };
        SchemeSetting: {
            choices: string[];
            default: unknown;
            help: string;
            /** @enum {string} */
            kind: "text" | "header" | "choice" | "number" | "list";
            label: string;
            least: number;
            most: number;
            name: string;
            required: boolean;
        };
        SchemeView: {
            /** @description Its page in docs/how-to. */
            guide: string;
            /** @enum {string} */
            name: "standard-webhooks" | "github" | "gitlab" | "stripe" | "slack" | "shopify" | "twilio" | "hmac" | "header-token" | "http-basic" | "mtls" | "oidc";
            /**
             * @description Who makes its secrets: we do, its sender does, or none.
             * @enum {string}
             */
            secret: "made-here" | "given" | "none";
            secret_hint: string | null;
            settings: components["schemas"]["SchemeSetting"][];
            title: string;
            /** @description What to do with the secret, in a sentence. */
            where: string;
        };
        SecretLine: {
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: uuid */
            id: string;
            /**
             * Format: date-time
             * @description When its sender last signed with it, to the minute.
             */
            last_used_at: string | null;
            live: boolean;
            rotated_by: components["schemas"]["PersonRef"];
        };
        SessionList: {
            items: components["schemas"]["SessionView"][];
        };
        SessionTimes: {
            /** Format: date-time */
            began_at: string;
            /**
             * Format: date-time
             * @description Then one signs in again, however busy.
             */
            ends_at: string;
            id: string;
            /** @description Unused for so long, it ends earlier. */
            idle_seconds: number;
        };
        SessionView: {
            /** Format: date-time */
            began_at: string;
            /** @description What it said it was, shortened. */
            browser: string;
            /** @description The one that asks. */
            current: boolean;
            id: string;
            /**
             * Format: date-time
             * @description To the minute.
             */
            seen_at: string;
        };
        SettingsBody: {
            /** @description All of them; what is not named goes back to its default. */
            settings: {
                [key: string]: unknown;
            };
        };
        SignedBundleRef: {
            /** @description Those with a version that has it, in force or not. */
            assistants: string[];
            digest: string;
            name: string;
            /** Format: date-time */
            pushed_at: string;
            version: string;
        };
        SignerView: {
            fingerprint: string;
            key_name: string;
            /** @description Base64 of the 32 bytes (Ed25519). */
            public_key: string;
            warning: string;
        };
        SkippedView: {
            count: number;
            reason: string;
        };
        SourceBody: {
            assistant: string;
            name: string;
            /**
             * Format: uuid
             * @description Who answers for it and cannot approve what it sends; you.
             * @default null
             */
            owner?: string | null;
            /**
             * @default standard-webhooks
             * @enum {string}
             */
            scheme?: "standard-webhooks" | "github" | "gitlab" | "stripe" | "slack" | "shopify" | "twilio" | "hmac" | "header-token" | "http-basic" | "mtls" | "oidc";
            /**
             * @description One that its sender has already; else one is made, or awaited.
             * @default null
             */
            secret?: string | null;
            /** @description Of its scheme, by the names that /v1/source-schemes lists. */
            settings?: {
                [key: string]: unknown;
            };
        };
        SourceLine: {
            active: boolean;
            assistant: components["schemas"]["AssistantOfSource"];
            /** Format: date-time */
            created_at: string;
            /** Format: uuid */
            id: string;
            /**
             * @description `cron` sends by the clock and has no address of its own.
             * @enum {string}
             */
            kind: "webhook" | "cron";
            /** Format: date-time */
            last_event_at: string | null;
            /** Format: date-time */
            last_refusal_at: string | null;
            live_secrets: number;
            name: string;
            owner: components["schemas"]["PersonRef"];
            /** @description In all. */
            refused: number;
            scheme: string;
            /** @description Whether it may send without any proof. */
            unsigned: boolean;
            /** @description Where it sends to; a path where AWGP_INGEST_URL is not set. */
            url: string;
        };
        SourceOfAssistant: {
            active: boolean;
            /** Format: uuid */
            id: string;
            name: string;
        };
        SourcePage: {
            items: components["schemas"]["SourceLine"][];
            /** @description `cursor` of the next page. */
            next: string | null;
        };
        SourceRemoved: {
            /** Format: uuid */
            id: string;
            name: string;
            removed: boolean;
        };
        SourceView: {
            active: boolean;
            assistant: components["schemas"]["AssistantOfSource"];
            /** @description Where its senders may be called back. */
            callbacks: components["schemas"]["CallbackLine"][];
            /** Format: date-time */
            created_at: string;
            events: components["schemas"]["EventLine"][];
            /** Format: uuid */
            id: string;
            /** @description Events that no rule of its mapping took, in all. */
            ignored: number;
            /** @description When, the latest first; nothing of what they held is kept. */
            ignored_lately: string[];
            /** @description What it takes. */
            intake: {
                [key: string]: unknown;
            };
            /**
             * @description `cron` sends by the clock and has no address of its own.
             * @enum {string}
             */
            kind: "webhook" | "cron";
            /** Format: date-time */
            last_event_at: string | null;
            /** Format: date-time */
            last_ignored_at: string | null;
            /** Format: date-time */
            last_refusal_at: string | null;
            live_secrets: number;
            /** @description What its events become; null: each is taken as it comes. */
            mapping: {
                [key: string]: unknown;
            } | null;
            name: string;
            owner: components["schemas"]["PersonRef"];
            refusals: components["schemas"]["RefusalLine"][];
            /** @description In all. */
            refused: number;
            runs: components["schemas"]["RunsSummary"];
            /** @description Shell lines that define `send BODY`, which does as a sender of its scheme; the secret stands in it only where it is told. */
            sample: string;
            schedule: components["schemas"]["ClockView"] | null;
            scheme: string;
            secrets: components["schemas"]["SecretLine"][];
            /** @description Of its scheme. */
            settings: {
                [key: string]: unknown;
            };
            taking_changed: components["schemas"]["TakingChanged"] | null;
            /** @description Whether it may send without any proof. */
            unsigned: boolean;
            unsigned_because: components["schemas"]["UnsignedBecause"] | null;
            /** @description Where it sends to; a path where AWGP_INGEST_URL is not set. */
            url: string;
        };
        SourceWithSecret: {
            active: boolean;
            assistant: components["schemas"]["AssistantOfSource"];
            /** @description Where its senders may be called back. */
            callbacks: components["schemas"]["CallbackLine"][];
            /** Format: date-time */
            created_at: string;
            events: components["schemas"]["EventLine"][];
            /** Format: uuid */
            id: string;
            /** @description Events that no rule of its mapping took, in all. */
            ignored: number;
            /** @description When, the latest first; nothing of what they held is kept. */
            ignored_lately: string[];
            /** @description What it takes. */
            intake: {
                [key: string]: unknown;
            };
            /**
             * @description `cron` sends by the clock and has no address of its own.
             * @enum {string}
             */
            kind: "webhook" | "cron";
            /** Format: date-time */
            last_event_at: string | null;
            /** Format: date-time */
            last_ignored_at: string | null;
            /** Format: date-time */
            last_refusal_at: string | null;
            live_secrets: number;
            /** @description What its events become; null: each is taken as it comes. */
            mapping: {
                [key: string]: unknown;
            } | null;
            name: string;
            owner: components["schemas"]["PersonRef"];
            refusals: components["schemas"]["RefusalLine"][];
            /** @description In all. */
            refused: number;
            runs: components["schemas"]["RunsSummary"];
            /** @description Shell lines that define `send BODY`, which does as a sender of its scheme; the secret stands in it only where it is told. */
            sample: string;
            schedule: components["schemas"]["ClockView"] | null;
            scheme: string;
            /** @description What was made, in the form of its scheme; null where nothing was. Told this once; nobody can read it again. */
            secret: string | null;
            secrets: components["schemas"]["SecretLine"][];
            /** @description Of its scheme. */
            settings: {
                [key: string]: unknown;
            };
            taking_changed: components["schemas"]["TakingChanged"] | null;
            /** @description Whether it may send without any proof. */
            unsigned: boolean;
            unsigned_because: components["schemas"]["UnsignedBecause"] | null;
            /** @description Where it sends to; a path where AWGP_INGEST_URL is not set. */
            url: string;
        };
        StateView: {
            status: string;
        };
        SwitchBody: {
            reason: string;
        };
        TakingChanged: {
            /** Format: date-time */
            at: string;
            by: components["schemas"]["PersonRef"];
        };
        TallyView: {
            /** @enum {unknown} */
            outcome: "open" | "approved" | "rejected";
            rules: components["schemas"]["RuleCountView"][];
        };
        TargetBody: {
            /**
             * @description Of its header. Kept encrypted, never shown; made if left out.
             * @default null
             */
            header_value?: string | null;
            name: string;
            settings?: components["schemas"]["TargetSettingsBody"];
            /**
             * @description Makes the body; empty sends the message as it is.
             * @default
             */
            template?: string;
            url: string;
        };
        TargetDraftBody: {
            /**
             * @description Of its header. Kept encrypted, never shown; made if left out.
             * @default null
             */
            header_value?: string | null;
            /** @default null */
            result?: unknown;
            /**
             * Format: uuid
             * @default null
             */
            run?: string | null;
            settings?: components["schemas"]["TargetSettingsBody"];
            /**
             * @description Makes the body; empty sends the message as it is.
             * @default
             */
            template?: string;
            url: string;
        };
        TargetHealth: {
            counted: number;
            delivered: number;
            /** Format: date-time */
            last_at: string | null;
            /** Format: date-time */
            last_delivered_at: string | null;
            refused: number;
            retried: number;
            /** @description The median. */
            typical_ms: number | null;
        };
        TargetLine: {
            /** @description Active ones that deliver to it. */
            assistants: string[];
            /** Format: date-time */
            changed_at: string;
            circuit: components["schemas"]["CircuitView"];
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description Switched off since then; what is delivered to it waits.
             */
            disabled_at: string | null;
            disabled_because: string | null;
            /** Format: date-time */
            header_since_at: string | null;
            health: components["schemas"]["TargetHealth"];
            /** Format: uuid */
            id: string;
            name: string;
            /** Format: date-time */
            secret_since_at: string | null;
            settings: {
                [key: string]: unknown;
            };
            template: string;
            url: string;
            version: number;
            /** @description Runs that wait for it to take deliveries; counted to 1000. */
            waiting: number;
        };
        TargetPage: {
            items: components["schemas"]["TargetLine"][];
            /** @description `cursor` of the next page. */
            next: string | null;
        };
        TargetSaved: {
            /** @description Active ones that deliver to it. */
            assistants: string[];
            /** Format: date-time */
            changed_at: string;
            circuit: components["schemas"]["CircuitView"];
            /** Format: date-time */
            created_at: string;
            deliveries: components["schemas"]["DeliveryLine"][];
            /**
             * Format: date-time
             * @description Switched off since then; what is delivered to it waits.
             */
            disabled_at: string | null;
            disabled_because: string | null;
            /** Format: date-time */
            header_since_at: string | null;
            /** @description Told this once, where it was made for the target; null where it was given or kept. */
            header_value: string | null;
            health: components["schemas"]["TargetHealth"];
            /** Format: uuid */
            id: string;
            name: string;
            /** Format: date-time */
            secret_since_at: string | null;
            settings: {
                [key: string]: unknown;
            };
            template: string;
            tests: components["schemas"]["TargetTestView"][];
            url: string;
            version: number;
            versions: components["schemas"]["TargetVersionView"][];
            /** @description Runs that wait for it to take deliveries; counted to 1000. */
            waiting: number;
        };
        TargetSettingsBody: {
            /** @description It may be http and on a private address. */
            allow_private?: boolean;
            circuit?: components["schemas"]["CircuitBody"];
            /** @description Deliveries under way at once, of all workers. */
            concurrency?: number;
            /** @description Of what its template makes; application/json by default. */
            content_type?: string;
            expect?: components["schemas"]["Expectation"];
            /** @description The name of a header that carries its header value, such as the one of N8N's header authentication. The message is signed besides. */
            header?: string;
            /** @description The wait before each further attempt; an empty list asks once. Without it, as AWGP_DELIVERY_ATTEMPTS says, with growing waits. */
            retry_seconds?: number[];
            /** @description Statuses that mean not yet, though they look final. */
            retry_status?: number[];
            timeout_seconds?: number;
        };
        TargetTestAsked: {
            /** Format: uuid */
            id: string;
            preview: components["schemas"]["PreviewView"];
        };
        TargetTestBody: {
            /**
             * @description The result to send, any JSON; a sample where not given.
             * @default null
             */
            result?: unknown;
            /**
             * Format: uuid
             * @description Send this run's result instead.
             * @default null
             */
            run?: string | null;
        };
        TargetTestView: {
            body: string;
            /** Format: date-time */
            created_at: string;
            duration_ms: number | null;
            error: string | null;
            /** Format: date-time */
            finished_at: string | null;
            /** Format: uuid */
            id: string;
            response: string | null;
            /** @enum {string} */
            status: "due" | "delivered" | "failed";
            status_code: number | null;
            version: number;
        };
        TargetVersionBody: {
            /**
             * @description Of its header. Kept encrypted, never shown; made if left out.
             * @default null
             */
            header_value?: string | null;
            settings?: components["schemas"]["TargetSettingsBody"];
            /**
             * @description Makes the body; empty sends the message as it is.
             * @default
             */
            template?: string;
            url: string;
        };
        TargetVersionView: {
            /** Format: date-time */
            created_at: string;
            settings: {
                [key: string]: unknown;
            };
            template: string;
            url: string;
            version: number;
        };
        TargetView: {
            /** @description Active ones that deliver to it. */
            assistants: string[];
            /** Format: date-time */
            changed_at: string;
            circuit: components["schemas"]["CircuitView"];
            /** Format: date-time */
            created_at: string;
            deliveries: components["schemas"]["DeliveryLine"][];
            /**
             * Format: date-time
             * @description Switched off since then; what is delivered to it waits.
             */
            disabled_at: string | null;
            disabled_because: string | null;
            /** Format: date-time */
            header_since_at: string | null;
            health: components["schemas"]["TargetHealth"];
            /** Format: uuid */
            id: string;
            name: string;
            /** Format: date-time */
            secret_since_at: string | null;
            settings: {
                [key: string]: unknown;
            };
            template: string;
            tests: components["schemas"]["TargetTestView"][];
            url: string;
            version: number;
            versions: components["schemas"]["TargetVersionView"][];
            /** @description Runs that wait for it to take deliveries; counted to 1000. */
            waiting: number;
        };
        TargetWithSecret: {
            /** @description Active ones that deliver to it. */
            assistants: string[];
            /** Format: date-time */
            changed_at: string;
            circuit: components["schemas"]["CircuitView"];
            /** Format: date-time */
            created_at: string;
            deliveries: components["schemas"]["DeliveryLine"][];
            /**
             * Format: date-time
             * @description Switched off since then; what is delivered to it waits.
             */
            disabled_at: string | null;
            disabled_because: string | null;
            /** Format: date-time */
            header_since_at: string | null;
            /** @description Told this once, where it was made for the target; null where it was given or kept. */
            header_value: string | null;
            health: components["schemas"]["TargetHealth"];
            /** Format: uuid */
            id: string;
            name: string;
            /** @description `whsec_` and base64 (Standard Webhooks). Told this once; nobody can read it again. */
            secret: string;
            /** Format: date-time */
            secret_since_at: string | null;
            settings: {
                [key: string]: unknown;
            };
            template: string;
            tests: components["schemas"]["TargetTestView"][];
            url: string;
            version: number;
            versions: components["schemas"]["TargetVersionView"][];
            /** @description Runs that wait for it to take deliveries; counted to 1000. */
            waiting: number;
        };
        TenantBody: {
            name: string;
            /** @description It never changes. */
            slug: string;
        };
        TenantClosedView: {
            closed: boolean;
            slug: string;
            sources_stopped: number;
        };
        TenantOpened: {
            /** Format: uuid */
            id: string;
            kind: string;
            name: string;
            slug: string;
        };
        TenantPage: {
            items: components["schemas"]["TenantView"][];
            /** @description `cursor` of the next page. */
            next: string | null;
        };
        TenantRoles: {
            roles: string[];
            tenant: string;
            voting_groups: string[];
        };
        TenantShare: {
            /** @description Open dead letters. */
            dead: number;
            /** @description What is due now, worked on or not. */
            depth: number;
            in_flight: number;
            /** @description How long the oldest that nobody works on has been due. */
            oldest_seconds: number | null;
            /** @description What failed before and waits for its next try. */
            retrying: number;
            tenant: string;
        };
        TenantView: {
            /** Format: date-time */
            closed_at: string | null;
            /** Format: date-time */
            created_at: string;
            /** @description Failed runs nobody has looked after yet. */
            dead_letters: number;
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            kind: "holding" | "subsidiary";
            /** @description Runs that have not come to their end. */
            moving_runs: number;
            name: string;
            open_approvals: number;
            /** @description Of all its senders together; null: as the edge's settings say. */
            rate: components["schemas"]["RateView"] | null;
            /** @description Its short name. */
            tenant: string;
        };
        TestOutcome: {
            name: string;
            passed: boolean;
            problem: string | null;
        };
        TestView: {
            /**
             * Format: uuid
             * @description What became of it: GET /v1/notices.
             */
            notice_id: string;
        };
        TimingBody: {
            /** @description Five fields: minute, hour, day of the month, month, day of the week. */
            cron: string;
            /**
             * @description Of the IANA's time zones, in which the fields are read.
             * @default UTC
             */
            zone?: string;
        };
        TimingRead: {
            /** @description The next five, without jitter. */
            ticks: string[];
            /** @description When it ticks, in English, in its zone. */
            words: string;
        };
        TrailCheckpointView: {
            /** @description A C2SP signed note. */
            note: string;
            /** @description Hex. */
            root: string;
            /** Format: date-time */
            signed_at: string;
            size: number;
        };
        TrailEntryView: {
            action: string;
            actor_id: string;
            actor_type: string;
            after: {
                [key: string]: unknown;
            } | null;
            before: {
                [key: string]: unknown;
            } | null;
            /** @description The sealed bytes; the leaf hash is of a zero byte and these. */
            body_base64: string;
            hash: string;
            /** Format: uuid */
            id: string;
            metadata: {
                [key: string]: unknown;
            };
            /** Format: date-time */
            occurred_at: string;
            /** @description Null where the checkpoint does not cover it yet. */
            proof: components["schemas"]["TrailProofView"] | null;
            resource_id: string;
            resource_type: string;
            /** Format: date-time */
            sealed_at: string;
            sequence: number;
        };
        TrailProofView: {
            index: number;
            /** @description SHA-256(0x00 || body), in hex. */
            leaf_hash: string;
            path: string[];
        };
        TrailView: {
            checkpoint: components["schemas"]["TrailCheckpointView"] | null;
            items: components["schemas"]["TrailEntryView"][];
            /** @description `before` of the next page. */
            next: number | null;
            signer: components["schemas"]["SignerView"] | null;
            why_no_proof: string | null;
        };
        TurnCountView: {
            groups: string[];
            have: number;
            met: boolean;
            needed: number;
        };
        UnsignedBecause: {
            by: components["schemas"]["PersonRef"];
            reason: string;
            /** Format: date-time */
            since: string;
        };
        UnsignedBody: {
            /** @description Kept in the audit trail and shown with the source. */
            reason: string;
        };
        UseOfBundle: {
            assistant: string;
            current: boolean;
            version: number;
        };
        VerdictCount: {
            after: string;
            before: string;
            runs: number;
        };
        VerificationView: {
            checkpoints: number;
            /** @description Up to which entry a checkpoint of this piece signs; 0 for none. */
            covered: number;
            first: number;
            first_bad: components["schemas"]["FindingView"] | null;
            /** @description The last entry looked at; below `first` where there was none. */
            last: number;
            /** @description `cursor` to go on with; null when all is verified. */
            next: string | null;
            reached_end: boolean;
            segments: number;
            signer: components["schemas"]["SignerView"] | null;
            /**
             * @description Of this piece; `signer-unknown` where all holds but this control plane knows no signer.
             * @enum {string}
             */
            verdict: "verified" | "signer-unknown" | "failed";
        };
        VerifyBody: {
            /**
             * @description `next` of the call before; `first` and `last` are its own.
             * @default null
             */
            cursor?: string | null;
            /** @default 1 */
            first?: number;
            /**
             * @description The log's end where it is left out.
             * @default null
             */
            last?: number | null;
        };
        VersionBody: {
            /**
             * @description What its bundle may be given of what it asks for: `network` (rules of `url`, `methods`, `private`), `environment` (values by name), `gateway` (a ceiling), `llm` (`url`, `models`, `tokens`, `private`, `credential`), `memory` (`entries`, `model`), `syscalls` (`profile` `default` or `strict`, and what is added to the latter, `add`: a ceiling). Left out: as the version before, if it has the same bundle; nothing for the first. Must be said where another bundle follows one that was allowed something.
             * @default null
             * @example {
             *       "network": [
             *         {
             *           "methods": [
             *             "GET"
             *           ],
             *           "url": "https://api.example.com/v1/"
             *         }
             *       ]
             *     }
             */
            allow?: {
                [key: string]: unknown;
            } | null;
            bundle: string;
            /** @description Kept and shown. No agent is given it, and no action digest covers it. */
            configuration?: {
                [key: string]: unknown;
            };
            /** @description A ceiling for the bundle's own limits; one that is left out is open. */
            limits?: {
                [key: string]: number;
            };
            /** @description Names of targets: where results go, in order. */
            targets?: string[];
        };
        VisitBody: {
            /** @default 60 */
            minutes?: number;
            /** @description Why; the tenant reads it. */
            reason: string;
        };
        VisitPage: {
            items: components["schemas"]["VisitView"][];
            /**
             * Format: uuid
             * @description `cursor` of the next page.
             */
            next: string | null;
        };
        VisitView: {
            /** Format: date-time */
            begun_at: string;
            /** Format: date-time */
            ended_at: string | null;
            /** Format: uuid */
            id: string;
            /** @description Whether they act here now. */
            lasts: boolean;
            name: string;
            /** Format: uuid */
            person_id: string;
            reason: string;
            /** Format: date-time */
            until: string;
        };
        VoteView: {
            groups: string[];
            name: string;
            /** Format: uuid */
            on_behalf_of: string | null;
            on_behalf_of_name: string | null;
            /** Format: uuid */
            person_id: string;
            reason: string;
            reject_reason: string | null;
            /** @enum {unknown} */
            verdict: "approve" | "reject";
            /** Format: date-time */
            voted_at: string;
        };
        WaitingView: {
            /** @description What waits; 1000 at most. */
            count: number;
            /** @description There may be more than were counted. */
            more: boolean;
        };
        WantedView: {
            /** Format: date-time */
            changed_at: string;
            changed_by: string;
            processes: number;
            reason: string;
        };
        WhoAsksView: {
            /** @description What the edge noted of the request. */
            origin: {
                [key: string]: unknown;
            };
            /** Format: date-time */
            received_at: string;
            requester: components["schemas"]["RequesterView"];
            source_kind: string | null;
            source_scheme: string | null;
            traceparent: string | null;
        };
        WhyBody: {
            /** @description Why; kept in the audit trail. */
            reason: string;
        };
        WouldBecome: {
            assistant: string | null;
            context: {
                [key: string]: unknown;
            };
            /** @enum {string} */
            outcome: "run" | "ignored" | "refused";
            payload: unknown;
            /** @description Names the place in the mapping. */
            problem: string | null;
            rule: string | null;
        };
    };
    responses: {
        /** @description What went wrong, as RFC 9457 problem details */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
