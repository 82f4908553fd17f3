export interface Account {
    readonly uid: number;
    readonly gid: number;
}
/** A server of the tests' own, on 127.0.0.1 only, in a folder of its own. */
export interface Server {
    readonly url: string;
    /** The process that listens now. */
    readonly pid: number;
    /** Ends it at once and keeps its data, as a crash would. */
    crash(): Promise<void>;
    /** Starts it again after a crash, at the same address. */
    restart(): Promise<void>;
    /** Ends it, and deletes its data. May be called again. */
    stop(): Promise<void>;
}
export interface Launch {
    readonly program: string;
    readonly args: readonly string[];
    /** Where it works, and what is deleted at the end. */
    readonly folder: string;
    readonly url: string;
    /** The signal that ends it at once. */
    readonly end: 'KILL' | 'QUIT';
    readonly account?: Account | undefined;
}
/** Starts a server and waits until it says that it is ready. */
export declare function launch({ program, args, folder, url, end, account }: Launch): Promise<Server>;
/** A folder for one server, which belongs to the account that the server runs as. */
export declare function emptyFolder(name: string, account?: Account): string;
/** A port that was free a moment ago. */
export declare function freePort(): Promise<number>;
