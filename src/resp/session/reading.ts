/** The reading of a socket: the session wants more bytes, or does not, and the memory of all sessions may hold it back. */
import type net from 'node:net';

export class Reading {
  readonly #socket: Pick<net.Socket, 'pause' | 'resume'>;
  #isWanted = true;
  #isHeldBack = false;
  #isOn = true;

  constructor(socket: Pick<net.Socket, 'pause' | 'resume'>) {
    this.#socket = socket;
  }

  setWanted(isWanted: boolean): void {
    this.#isWanted = isWanted;
    this.#update();
  }

  setHeldBack(isHeldBack: boolean): void {
    this.#isHeldBack = isHeldBack;
    this.#update();
  }

  #update(): void {
    const isOn = this.#isWanted && !this.#isHeldBack;
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    if (isOn) this.#socket.resume();
    else this.#socket.pause();
  }
}
