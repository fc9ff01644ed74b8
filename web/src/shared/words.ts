// Both languages in one table; a component that uses useLanguage() is drawn again when the language changes.
import { useEffect, useState } from 'preact/hooks';

export type Language = 'en' | 'ja';

const table = {
  tagline: ['hands-free', '手ぶらで、どこへでも'],
  live: ['live', '接続中'],
  reconnecting: ['reconnecting…', '再接続しています…'],
  signin: ['Operator sign-in', '運用者サインイン'],
  signin_help: ['Paste the content of operator.token from the data directory, or open the link that the demo printed.',
    'データディレクトリの operator.token の内容を貼り付けるか、デモが表示したリンクを開いてください。'],
  token: ['Token', 'トークン'], enter: ['Enter', '入る'], signout: ['Sign out', 'サインアウト'],
  touchpoint_page: ['Try a terminal', '端末を試す'], console: ['Console', 'コンソール'],
  simulated: ['Simulation', 'シミュレーション'],
  sim_payments: ['payments move no money', '決済でお金は動きません'],
  sim_actuator: ['the {0} is simulated', '{0}は模擬です'],
  sim_cameras: ['{0} of {1} cameras are simulated', 'カメラ {1} 台のうち {0} 台は模擬です'],
  journey_map: ['Terminals by zone', 'エリアごとの端末'], passages: ['Passages', '通過'], people: ['People', '利用者'], flights: ['Flights', '便'],
  n_people: ['people', '登録者'], n_visitors: ['visitors', '来場者'], n_entries: ['list entries', 'リスト登録'], n_outbox: ['in outbox', '送信待ち'],
  n_templates: ['templates', 'テンプレート'], n_payments: ['payments', '決済'], n_ledger: ['ledger sum', '元帳合計'], n_events: ['events', 'イベント'],
  on_list: ['on its list', 'リスト件数'], as_of: ['list {0} old', 'リスト {0} 前'], as_of_never: ['no word yet', '未受信'], behind: ['{0} behind', '{0} 件遅れ'], in_step: ['in step', '同期済み'],
  silent: ['silent for {0}', '{0} 応答なし'], never_seen: ['not started yet', '未起動'], unregistered: ['announced: code valid for {0}', '登録待ち: コードは残り {0}'],
  sim_camera: ['sim', '模擬'], gate: ['Gate', 'ゲート'], outbox: ['{0} unsent', '未送信 {0}'],
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
  idle: ['waiting', '待機中'], present: ['somebody there', '人を検知'], capturing: ['capturing', '撮影中'], matching: ['matching', '照合中'],
  asking: ['asking', '確認中'], decided: ['decided', '判定済み'], actuating: ['opening', '開放中'], reporting: ['reporting', '報告中'],
  already_used: ['already passed', '通過済み'], too_early: ['too early', '時間前'],
  no_instrument: ['no means of payment', '決済手段なし'], nothing_waiting: ['nothing waiting', '品物なし'], not_sure: ['not sure', '確信なし'],
  person_mismatch: ['not the same person', '本人不一致'], no_consent: ['no consent', '同意なし'], wrong_day: ['wrong day', '別の日'],
  document_expired: ['passport expired', '旅券期限切れ'], check_digit: ['misread document', '読み取り不良'], declined: ['declined', '承認されず'],
  pin_wrong: ['wrong PIN', '暗証番号違い'], pin_locked: ['PIN locked', '暗証番号ロック'], offline: ['offline', '照会不可'],
  checkin_done: ['checked in', 'チェックイン'], attendant: ['to an attendant', '係員へ'], presence: ['seen', '検知'],
  clock_wrong: ['its clock is wrong', '端末の時計が不正'], clock_ahead: ['its clock is ahead', '端末の時計が進み'], not_entered: ['not entered', '入場前'],
  interlock_released: ['released by hand', '手動で開放'], interlock_several: ['more than one person', '複数人'], interlock_other_face: ['another face inside', '中で別の顔'],
  interlock_declined: ['not approved', '承認されず'], interlock_no_answer: ['nothing was decided in time', '時間内に判断なし'], interlock_held: ['a door is held open', '扉が開いたまま'],
  interlock_forced: ['a door was forced', '扉の強制開放'], interlock_vanished: ['nobody inside any more', '中の人が不在に'], interlock_unannounced: ['somebody inside whom nobody let in', '許可なく中に人'],
  interlock_no_sensors: ['the sensors do not know', 'センサー不明'], interlock_seen_to: ['an attendant has looked', '係員が確認済み'],
  out_of_service: ['out of service', '運用終了'], wiping: ['wiping itself', '消去中'], stale: ['list too old: not used', 'リスト期限切れ: 使用停止'], code_expired: ['code expired', 'コード期限切れ'],
  more: ['{0} more', 'ほか {0} 台'], fewer: ['show fewer', '一部だけ表示'], troubled: ['{0} to look at', '要確認 {0}'],
  announce: ['Announce a terminal', '端末を登録する'], announce_do: ['Get a code', 'コードを発行'], role: ['What it does', '役割'], terminal_name: ['Its name', '端末の名前'],
  terminal_name_help: ['Small letters, digits and hyphens; it stays for good.', '英小文字・数字・ハイフン。後から変えられません。'],
  new_code: ['New code', '新しいコード'], new_code_for: ['New code for {0}', '{0} の新しいコード'], code: ['Code and the server’s fingerprint', 'コードとサーバーの指紋'],
  code_help: ['With this the terminal {0} registers, once. It is shown here only.', '端末 {0} はこのコードで一度だけ登録できます。表示はこの画面だけです。'],
  code_until: ['Valid until {0}.', '{0} まで有効です。'], code_over: ['It is not valid any more: get a new one.', '有効期限が切れました。新しく発行してください。'], code_used: ['{0} has registered.', '{0} が登録されました。'],
  copy: ['Copy', 'コピー'], copied: ['Copied', 'コピーしました'],
  attention: ['What needs attention', '確認が必要なこと'], all_well: ['all is well', '異常なし'], leads: ['this server leads', 'このサーバーが主系'], stands_by: ['another server leads', '別のサーバーが主系'],
  m_server_do: ['Is teburad running here? systemctl status teburad', 'teburad が動作中か確認してください: systemctl status teburad'],
  m_database: ['The database does not answer.', 'データベースが応答しません。'], m_database_do: ['Terminals go on with their lists and keep what happens. Check PostgreSQL and the disk.', '端末は手元のリストで動作を続け、記録を保持します。PostgreSQL とディスクを確認してください。'],
  m_bus: ['The broker is away.', 'ブローカーに接続できません。'], m_bus_do: ['Changes are kept and delivered later. Check NATS.', '変更は保存され、後で届きます。NATS を確認してください。'],
  m_follows: ['Events are not taken in now.', 'イベントを取り込めていません。'], m_follows_do: ['Terminals keep them. If it stays so for a minute, restart this server: another one takes over.', '端末が保持しています。1分以上続くときはこのサーバーを再起動してください。別のサーバーが引き継ぎます。'],
  m_clock: ['This machine’s clock has jumped by {0}: time is held, nothing ends and nobody is deleted.', 'このマシンの時計が {0} ずれました。時刻を保留し、終了も消去も行いません。'], m_clock_do: ['Correct it (chrony), or say that it is right.', '時計を直すか (chrony)、正しいことを確認してください。'],
  m_clock_act: ['The clock is right', '時計は正しい'], m_clock_sure: ['Is the time shown above really right? What ends by it ends at once.', '表示中の時刻は本当に正しいですか? 期限の過ぎたものは直ちに終了します。'],
  m_quarantine: ['{0} events could not be applied and are set aside.', '適用できないイベント {0} 件を隔離しています。'], m_quarantine_do: ['The first: {0}. Mend the cause, then try again.', '最初の原因: {0}。原因を直してから再試行してください。'], m_quarantine_act: ['Try again', '再試行'],
  m_ledger: ['The ledger does not add up: {0}.', '元帳の合計が合いません: {0}。'], m_ledger_do: ['Stop charging, and look at the payments.', '請求を止め、決済を確認してください。'],
  m_silent: ['Silent: {0} ({1})', '応答なし: {0} 台 ({1})'], m_silent_do: ['They go on with their lists. Check power and network.', '手元のリストで動作を続けています。電源とネットワークを確認してください。'],
  m_stale: ['List too old: {0} ({1})', 'リスト期限切れ: {0} 台 ({1})'], m_stale_do: ['They send people on. Check their network to the broker.', '別の端末へ案内しています。ブローカーとの接続を確認してください。'],
  m_expired: ['Never registered, code expired: {0} ({1})', '未登録でコード期限切れ: {0} 台 ({1})'], m_expired_do: ['Get a new code on its card.', '端末のカードから新しいコードを発行してください。'],
  m_call: ['{0}: an attendant is wanted — {1}.', '{0}: 係員を呼んでいます — {1}。'], m_call_do: ['Look between the doors, then reset the gate there.', '扉の間を確認し、その場でゲートを復帰させてください。'],
  // two doors
  doors: ['The two doors', '二重扉'], door_entry: ['Entry', '入口'], door_exit: ['Exit', '出口'], door_between: ['Between', '扉の間'], shut: ['shut', '閉'], lock_open: ['unlocked', '解錠'], lock_locked: ['locked', '施錠'],
  inside_0: ['nobody', '無人'], inside_1: ['one person', '1人'], inside_n: ['{0} people', '{0}人'], inside_unknown: ['not known', '不明'],
  il_closed: ['ready', '待機'], il_entering: ['somebody may step in', '入室中'], il_inside: ['somebody is between the doors', '扉の間で確認中'], il_leaving: ['on by the exit', '出口へ'], il_returning: ['back by the entry', '入口へ戻る'], il_released: ['stopped: a door opens for whoever is inside', '停止: 中の方に扉が開きます'],
  need_face: ['Same face', '同じ顔'], need_approval: ['Approval', '承認'], face_waiting: ['not looked at yet', '未確認'], face_looking: ['looking', '撮影中'], face_matching: ['comparing', '照合中'], face_same: ['the same person', '本人'], face_other: ['not the same', '別人'], approval_waiting: ['waited for', '待機中'], approval_given: ['given', '承認済み'],
  attendant_wanted: ['An attendant is wanted', '係員を呼んでいます'], last_call: ['last call: {0}', '直近の呼び出し: {0}'],
  do_accept: ['Approve', '承認する'], do_refuse: ['Send back', '入口へ戻す'], do_release: ['Emergency release', '非常開放'], do_reset: ['I have looked: go on', '確認した: 復帰'], staff_side: ['For staff', '係員用'], move_doors: ['Move the simulated doors', '模擬の扉を動かす'],
  sim_step_in: ['One steps in', '1人入る'], sim_two: ['Two step in', '2人入る'], sim_step_out: ['Step out', '出る'],
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

/** What the site's profile calls its statuses, facts and reasons. */
const own = new Map<string, [string, string]>();
export function learn(words: { name: string; en: string; ja: string }[]): void {
  for (const word of words) own.set(word.name, [word.en, word.ja]);
}

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
/** A name from the profile (status, fact, reason): its own word, else ours if we know it, else the name itself made readable. */
export function named(name: string): string {
  const word = own.get(name);
  return word ? word[language === 'ja' ? 1 : 0] : name in table ? t(name as Word) : name.replaceAll('_', ' ');
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
