// Runs beside the page: passes the sound of the microphone on, in pieces of a quarter of a second.

class Recorder extends AudioWorkletProcessor {
  constructor() {
    super();
    this.pieces = [];
    this.length = 0;
  }

  process([input]) {
    if (input.length) {
      this.pieces.push(input[0].slice());
      this.length += input[0].length;
    }
    if (this.length >= sampleRate / 4) {
      const sound = new Float32Array(this.length);
      let at = 0;
      for (const piece of this.pieces) {
        sound.set(piece, at);
        at += piece.length;
      }
      this.port.postMessage(sound.buffer, [sound.buffer]);
      this.pieces = [];
      this.length = 0;
    }
    return true;
  }
}

registerProcessor("recorder", Recorder);
