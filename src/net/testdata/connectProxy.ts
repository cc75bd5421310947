/** A real HTTP proxy on loopback that opens tunnels, and fails as told. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What it does with a CONNECT: tunnels, says a status, says something raw, or nothing at all. */
export type ProxyMood = 'open' | number | { raw: string } | 'silent' | 'close';

export interface ConnectProxy {
  server: Server;
  /** The heads of all CONNECTs, in order. */
  heads: string[];
  mood: ProxyMood;
  /** Where names lead, as this proxy has it. */
  names: Record<string, string>;
}

export function aConnectProxy(): ConnectProxy {
  const proxy: ConnectProxy = {
    server: createServer((socket) => serve(socket)),
    heads: [],
    mood: 'open',
    names: {},
  };
  const serve = (client: Socket): void => {
    client.on('error', () => {});
    let head = '';
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      client.off('data', onData);
      client.pause();
      proxy.heads.push(head);
      void answer(client, head);
    };
    client.on('data', onData);
  };
  const answer = async (client: Socket, head: string): Promise<void> => {
    const { mood } = proxy;
    if (mood === 'silent') return;
    if (mood === 'close') client.destroy();
    else if (typeof mood === 'number') client.end(`HTTP/1.1 ${mood} Nope\r\ncontent-length: 0\r\n\r\n`);
    else if (typeof mood === 'object') client.end(mood.raw);
    else await tunnel(client, head);
  };
  const tunnel = async (client: Socket, head: string): Promise<void> => {
    const [, host = '', port] = /^CONNECT \[?([^\s\]]+?)\]?:(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    const upstream = connect({ host: proxy.names[host] ?? host, port: Number(port) });
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
    upstream.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    upstream.once('connect', () => {
      // In pieces, as networks do.
      client.write('HTTP/1.1 200 Connection Esta');
      setImmediate(() => {
        client.write('blished\r\nvia: 1.1 test\r\n\r\n');
        upstream.pipe(client);
        client.pipe(upstream);
      });
    });
    await once(upstream, 'close').catch(() => {});
  };
  return proxy;
}
