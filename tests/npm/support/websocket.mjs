// Gives Node, which has none before version 22, a global WebSocket. Import it before tidewire.
import { WebSocket } from 'ws';

globalThis.WebSocket = WebSocket;
