import { Client } from 'tidewire';

globalThis.part = Client;
