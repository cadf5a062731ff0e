import { TidewireSocket } from 'tidewire';

globalThis.part = TidewireSocket;
