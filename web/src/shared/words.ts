// Both languages in one table; a component that uses useLanguage() is drawn again when the language changes.
import { useEffect, useState } from 'preact/hooks';

export type Language = 'en' | 'ja';

const table = {
  tagline: ['hands-free', '手ぶらで、どこへでも'],
  live: ['live', '接続中'],
  reconnecting: ['reconnecting…', '再接続しています…'],
  degraded: ['Broker away: changes are kept and delivered later', 'ブローカーに接続できません。変更は保存され、後で届きます'],
  signin: ['Operator sign-in', '運用者サインイン'],
  signin_help: ['Paste the content of operator.token from the data directory, or open the link that the demo printed.',
    'データディレクトリの operator.token の内容を貼り付けるか、デモが表示したリンクを開いてください。'],
  token: ['Token', 'トークン'], enter: ['Enter', '入る'], signout: ['Sign out', 'サインアウト'],
  touchpoint_page: ['Try a terminal', '端末を試す'], console: ['Console', 'コンソール'],
  simulated: ['Simulation', 'シミュレーション'],
  sim_payments: ['payments move no money', '決済でお金は動きません'],
  sim_actuator: ['the {0} is simulated', '{0}は模擬です'],
  sim_cameras: ['{0} of {1} cameras are simulated', 'カメラ {1} 台のうち {0} 台は模擬です'],
  journey_map: ['Journey', '手続きの流れ'], passages: ['Passages', '通過'], people: ['People', '利用者'], flights: ['Flights', '便'],
  n_people: ['people', '登録者'], n_visitors: ['visitors', '来場者'], n_entries: ['list entries', 'リスト登録'], n_outbox: ['in outbox', '送信待ち'],
  n_templates: ['templates', 'テンプレート'], n_payments: ['payments', '決済'], n_ledger: ['ledger sum', '元帳合計'], n_events: ['events', 'イベント'],
  on_list: ['on its list', 'リスト件数'], sequence: ['seq', '連番'], behind: ['{0} behind', '{0} 件遅れ'], in_step: ['in step', '同期済み'],
  silent: ['silent for {0}', '{0} 応答なし'], never_seen: ['not started yet', '未起動'], unregistered: ['announced', '登録待ち'],
  sim_camera: ['sim', '模擬'], gate: ['Gate', '搭乗口'], entrance_gate: ['gate', 'ゲート'], outbox: ['{0} unsent', '未送信 {0}'],
  nothing_yet: ['Nothing has happened yet.', 'まだ何も起きていません。'],
  nobody_yet: ['Nobody has a booking yet.', 'まだ予約のある方はいません。'],
  no_flights: ['No flights.', '便はありません。'],
  no_terminals: ['No terminals are announced.', '端末はまだありません。'],
  passed: ['passed', '通過'], refused: ['refused', '不可'], handed: ['handed over', '受け渡し'], served: ['served', '対応'], voided: ['payment voided', '決済取消'],
  paid: ['paid', '決済'], unknown_person: ['not recognised', '該当なし'], name_gone: ['name deleted', '氏名は消去済み'],
  flight: ['Flight', '便'], route: ['Route', '区間'], boarding: ['Boarding', '搭乗'], departure: ['Departure', '出発'],
  departed: ['departed', '出発済み'], cancelled: ['cancelled', '欠航'], boarding_now: ['boarding', '搭乗中'], scheduled: ['on time', '定刻'],
  reference: ['Reference', '予約番号'], visit: ['Visit', '内容'],
  name: ['Name', '氏名'], seat: ['Seat', '座席'], status: ['Status', '状態'], lists: ['Lists', 'リスト'], means: ['Pays', '決済'], items: ['Items', '品物'],
  consent: ['Face', '顔'], consent_yes: ['agreed', '同意'], consent_no: ['documents only', '書類のみ'], face_no: ['no face', '顔の登録なし'],
  visitor_db: ['in the visitor database', '来場者データベースにあり'], not_visitor: ['in no visitor database', '来場者データベースになし'],
  journey_of: ['Journey of {0}', '{0} さんの足あと'], no_passages: ['No passage yet.', 'まだ通過はありません。'], close: ['Close', '閉じる'],
  withdraw: ['Withdraw consent', '同意を取り消す'], erase: ['Delete this person', 'この人を削除'],
  withdraw_sure: ['Take this person off every list and destroy the templates?', 'すべてのリストから外し、テンプレートを破棄しますか?'],
  erase_sure: ['Destroy this person’s key and every row?', 'この人の鍵とすべての記録を破棄しますか?'],
  orders: ['Take out of service', '運用から外す'], wipe: ['Wipe', '消去'], revoke: ['Revoke', '失効'],
  wipe_help: ['It is ours: it delivers what it holds, then erases itself.', '手元にある端末向け。残りの記録を送ってから端末自身を消去します。'],
  revoke_help: ['It is stolen or misbehaves: shut out at once.', '盗難や不審な端末向け。直ちに締め出します。'],
  wipe_sure: ['Wipe {0}? It delivers what it holds, then destroys its keys, list and files. It can only come back with a new code.', '{0} を消去しますか? 残りの記録を送った後、鍵・リスト・ファイルを破棄します。戻すには新しいコードが必要です。'],
  revoke_sure: ['Revoke {0}? It is shut out at once and for ever; passages it has not delivered are lost. It can only come back with a new code.', '{0} を失効させますか? 直ちに永久に締め出され、未送信の通過記録は失われます。戻すには新しいコードが必要です。'],
  order_given: ['{0}: the order is given', '{0}: 指示しました'],
  check_lists: ['Recompute lists', 'リストを再計算'], lists_equal: ['every list is as computed from nothing', 'すべてのリストが計算結果と一致'],
  booked: ['booked', '予約'], checked_in: ['checked in', 'チェックイン'], security_passed: ['security passed', '保安検査通過'],
  emigration_passed: ['emigration passed', '出国審査通過'], boarded: ['boarded', '搭乗済み'],
  landside: ['Landside', '一般エリア'], security_area: ['Security', '保安検査場'], emigration_area: ['Emigration', '出国審査場'], airside: ['Airside', '出国後エリア'],
  idle: ['waiting', '待機中'], present: ['somebody there', '人を検知'], capturing: ['capturing', '撮影中'], matching: ['matching', '照合中'],
  asking: ['asking', '確認中'], decided: ['decided', '判定済み'], actuating: ['opening', '開放中'], reporting: ['reporting', '報告中'],
  not_checked_in: ['not checked in', 'チェックインなし'], already_checked_in: ['already checked in', 'チェックイン済み'], too_early: ['too early', '時間前'],
  flight_closed: ['flight closed', '受付終了'], flight_departed: ['flight departed', '出発済みの便'], not_through_security: ['not through security', '保安検査前'],
  already_used: ['already passed', '通過済み'], already_boarded: ['already boarded', '搭乗済み'], other_gate: ['other gate', '別の搭乗口'],
  no_instrument: ['no means of payment', '決済手段なし'], nothing_waiting: ['nothing waiting', '品物なし'], not_sure: ['not sure', '確信なし'],
  person_mismatch: ['not the same person', '本人不一致'], no_consent: ['no consent', '同意なし'], wrong_day: ['wrong day', '別の日'],
  document_expired: ['passport expired', '旅券期限切れ'], check_digit: ['misread document', '読み取り不良'], declined: ['declined', '承認されず'],
  pin_wrong: ['wrong PIN', '暗証番号違い'], pin_locked: ['PIN locked', '暗証番号ロック'], offline: ['offline', '照会不可'],
  // the touchpoint page
  choose: ['Choose a terminal', '端末を選ぶ'],
  choose_help: ['Each is a program of its own on this machine. With your webcam it becomes a terminal for you.',
    'それぞれがこのコンピューターで動く端末です。ウェブカメラを使って試せます。'],
  choose_none: ['No terminal that runs now has a page. Start one with --camera pushed:', '画面のある端末が動いていません。--camera pushed: で起動してください'],
  choose_token: ['The list needs the operator’s token: open this page from the console, or add #screen=http://127.0.0.1:PORT~TOKEN',
    '一覧には運用者トークンが必要です。コンソールから開くか、#screen=http://127.0.0.1:PORT~TOKEN を付けてください'],
  screen_token_help: ['This terminal answers only with its own token: paste the content of screen.token from its data directory, or open the link of whoever started it.',
    'この端末は専用のトークンがないと応答しません。端末のデータディレクトリの screen.token の内容を貼り付けるか、起動した人のリンクを開いてください。'],
  watch_only: ['simulated camera: watch only', '模擬カメラ: 表示のみ'],
  own_camera: ['This terminal has a camera of its own; here you see its screen.', 'この端末は専用のカメラを使います。ここでは画面だけを表示します。'],
  other_terminal: ['Another terminal', '別の端末'],
  start_camera: ['Use my camera', 'カメラを使う'], stop_camera: ['Stop camera', 'カメラを止める'],
  camera_refused: ['The browser gives no camera: {0}', 'カメラを使えません: {0}'],
  privacy: ['Your pictures go to this terminal only ({0}), about five a second while it looks for a face. Not to the server; none is kept.',
    '映像はこの端末 ({0}) だけに、顔を待つ間だけ毎秒約5枚送られます。サーバーには送られず、保存もされません。'],
  sending: ['sending pictures to this terminal', 'この端末へ映像を送信中'], not_sending: ['no pictures are sent now', '現在は映像を送っていません'],
  unreachable: ['The terminal does not answer. Is it still running?', '端末が応答しません。動いているか確認してください。'],
  origin_hint: ['Terminals answer only pages opened as http://127.0.0.1', '端末は http://127.0.0.1 で開いたページにのみ応答します'],
  open: ['open', '開'], closed: ['closed', '閉'], released: ['released', '解除'], locked: ['waiting', '待機'], actuator_gate: ['gate', 'ゲート'], actuator_detector: ['detector', '検知器'], actuator_door: ['door', '扉'],
  actuator_interlock: ['pair of doors', '二重扉'],
  passport: ['Passport', 'パスポート'], mrz: ['Machine-readable zone', '機械読取領域 (MRZ)'], pass: ['Boarding pass', '搭乗券'], bcbp: ['Bar code text', 'バーコードの文字列'],
  page_picture: ['Picture of the passport page', '旅券の顔写真ページ'], from_file: ['From a file', 'ファイルから'], from_camera: ['Take it with my camera', 'カメラで撮る'],
  no_picture: ['none yet: check-in then goes on without the face', 'なし: 顔を使わずに手続きします'],
  made_up: ['Fill in a made-up traveller', '架空の旅行者で試す'],
  made_up_help: ['Writes valid documents for a person who does not exist, on one of today’s flights. A flight is added when none is open.',
    '実在しない人の正しい形式の書類を、本日の便で作ります。便がなければ追加します。'],
  place: ['Place documents on the reader', '書類をかざす'], again: ['Start again', '最初から'],
  agree: ['I agree', '同意します'], disagree: ['I do not agree', '同意しません'], consent_title: ['May we use your face?', 'お顔を使ってよろしいですか?'],
  reference_help: ['Type it, or hold the code to the reader.', '入力するか、コードを読み取り機にかざしてください。'],
  read_reference: ['Continue', '次へ'], reference_shown: ['{0} read', '{0}を読み取りました'],
  scan: ['Read it with my camera', 'カメラで読み取る'], scanning: ['Looking for a code…', 'コードを探しています…'], stop_scan: ['Stop reading', '読み取りをやめる'],
  pin: ['PIN', '暗証番号'], send: ['Send', '送信'], amount: ['Amount', '金額'], deliver: ['Deliver to the pick-up desk', '受け取りカウンターへ配送'],
  charge: ['Charge', '請求する'], confirm: ['Confirm', '確認する'], reject: ['Do not confirm', '確認しない'], hand_over: ['Hand over', '渡す'],
  register_means: ['Add a simulated card (PIN {0})', '模擬カードを登録 (暗証番号 {0})'], listed: ['{0} on this terminal’s list', 'この端末のリスト {0} 件'], broker_away: ['offline: last list kept', 'オフライン: 直近のリストで動作'],
  decided_in: ['decided in {0} ms', '判定 {0} ミリ秒'], from_list: ['by its own list', '端末のリストで'], from_server: ['by the server', 'サーバーに照会'],
} satisfies Record<string, [string, string]>;

export type Word = keyof typeof table;

let language: Language = (localStorage.getItem('tebura.language') as Language | null) ?? (navigator.language.startsWith('ja') ? 'ja' : 'en');
const listeners = new Set<() => void>();
document.documentElement.lang = language;

export function setLanguage(next: Language): void {
  language = next;
  localStorage.setItem('tebura.language', next);
  document.documentElement.lang = next;
  for (const listener of listeners) listener();
}

export function useLanguage(): Language {
  const [, draw] = useState(0);
  useEffect(() => {
    const listener = () => draw((n) => n + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return language;
}

export function t(word: Word, ...values: (string | number)[]): string {
  const text = table[word][language === 'ja' ? 1 : 0];
  return text.replace(/\{(\d)\}/g, (_, index: string) => String(values[Number(index)] ?? ''));
}
/** A name from the profile (status, zone, reason): ours if we know it, else the name itself made readable. */
export function named(name: string): string {
  return name in table ? t(name as Word) : name.replaceAll('_', ' ');
}

const clock = (options: Intl.DateTimeFormatOptions) => (time: string | number | Date) =>
  new Intl.DateTimeFormat(language === 'ja' ? 'ja-JP' : 'en-GB', options).format(new Date(time));
export const hourMinute = (time: string) => clock({ hour: '2-digit', minute: '2-digit' })(time);
export const hourMinuteSecond = (time: string | number) => clock({ hour: '2-digit', minute: '2-digit', second: '2-digit' })(time);
export const longDate = (time: number) => clock({ weekday: 'short', day: 'numeric', month: 'short' })(time);
export function span(seconds: number): string {
  const units = language === 'ja' ? ['秒', '分', '時間'] : [' s', ' min', ' h'];
  return seconds < 100 ? `${Math.round(seconds)}${units[0]}` : seconds < 6000 ? `${Math.round(seconds / 60)}${units[1]}` : `${Math.round(seconds / 3600)}${units[2]}`;
}
