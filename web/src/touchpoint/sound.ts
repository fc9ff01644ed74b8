// Two sounds a traveller cannot mistake: a rising pair for "go on", a low double for "no". Made here, so nothing is loaded.
let context: AudioContext | null = null;

/** Browsers let a page sound only after the person has touched it. */
export function allowSound(): void {
  context ??= new AudioContext();
  void context.resume();
}

function tone(frequency: number, start: number, length: number, shape: OscillatorType): void {
  if (!context) return;
  const from = context.currentTime + start, oscillator = context.createOscillator(), volume = context.createGain();
  oscillator.type = shape;
  oscillator.frequency.value = frequency;
  volume.gain.setValueAtTime(0.0001, from);
  volume.gain.exponentialRampToValueAtTime(0.25, from + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, from + length);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(from);
  oscillator.stop(from + length + 0.05);
}

export function play(sound: 'ok' | 'refuse'): void {
  if (sound === 'ok') {
    tone(660, 0, 0.22, 'sine');
    tone(990, 0.12, 0.4, 'sine');
  } else {
    tone(196, 0, 0.3, 'triangle');
    tone(165, 0.34, 0.5, 'triangle');
  }
}
