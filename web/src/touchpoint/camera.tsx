// The visitor's own webcam as the terminal's camera: shown mirrored with an oval, sent as it is, and only while it is wanted.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Refusal } from '../shared/api';
import type { Edge, Tone } from '../shared/edge';
import { sentence } from '../shared/parts';
import { t } from '../shared/words';
import { allowSound } from './sound';

const INTERVAL = 200; // milliseconds between pictures
const LONG_SIDE = 640;

export type Snapshot = () => Promise<Blob | null>;

async function picture(video: HTMLVideoElement, quality: number): Promise<Blob | null> {
  if (video.videoWidth === 0) return null;
  const scale = Math.min(1, LONG_SIDE / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext('2d')!.drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, 'image/jpeg', quality));
}

export function Camera({ edge, wanted, tone, offer, refusedFrames }: {
  edge: Edge; wanted: boolean; tone: Tone; offer: (snapshot: Snapshot | null) => void; refusedFrames: () => void;
}) {
  const video = useRef<HTMLVideoElement>(null);
  const [media, setMedia] = useState<MediaStream | null>(null);
  const [trouble, setTrouble] = useState('');

  async function start(): Promise<void> {
    allowSound();
    setTrouble('');
    try {
      setMedia(await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user', width: { ideal: 1280 } }, audio: false }));
    } catch (error) {
      setTrouble(t('camera_refused', sentence(error)));
    }
  }
  useEffect(() => {
    if (!media || !video.current) return;
    video.current.srcObject = media;
    offer(() => (video.current ? picture(video.current, 0.92) : Promise.resolve(null)));
    return () => { for (const track of media.getTracks()) track.stop(); offer(null); };
  }, [media]);

  useEffect(() => {
    if (!media || !wanted) return;
    const ended = new AbortController();
    let busy = false;
    const timer = setInterval(async () => {
      if (busy || document.hidden || !video.current) return; // never queue: a slow terminal gets fewer pictures, not older ones
      busy = true;
      try {
        const blob = await picture(video.current, 0.85);
        if (blob && !ended.signal.aborted) await edge.frame(blob, ended.signal);
        setTrouble('');
      } catch (error) {
        if (ended.signal.aborted) return;
        if (error instanceof Refusal && error.http === 400) refusedFrames();
        setTrouble(sentence(error));
      } finally {
        busy = false;
      }
    }, INTERVAL);
    return () => { ended.abort(); clearInterval(timer); };
  }, [media, wanted, edge]);

  const sending = media !== null && wanted;
  return (
    <section class={`camera tone-${tone}${sending ? ' sending' : ''}`} aria-label={t('start_camera')}>
      {media && <video ref={video} autoPlay playsInline muted />}
      <svg class="oval" viewBox="0 0 100 100" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
        <defs><mask id="hole"><rect x="-100" y="-100" width="300" height="300" fill="#fff" /><ellipse cx="50" cy="48" rx="25" ry="34" fill="#000" /></mask></defs>
        <rect x="-100" y="-100" width="300" height="300" class="veil" mask="url(#hole)" />
        <ellipse cx="50" cy="48" rx="25" ry="34" class="ring" />
      </svg>
      <div class="controls">
        {media
          ? <><span class="sendstate" role="status">{sending ? t('sending') : t('not_sending')}</span><button type="button" onClick={() => setMedia(null)}>{t('stop_camera')}</button></>
          : <button type="button" class="primary" onClick={() => void start()}>{t('start_camera')}</button>}
      </div>
      {trouble && <p class="trouble" role="alert">{trouble}</p>}
    </section>
  );
}
