// live.js: keeps open pages up to date without ever touching what somebody types, selects or points at (guide §8.13).
// One stream per browser: the tab that holds the lock listens and tells the others; docs/live.md has the whole story.
(() => {
  'use strict';
  const D = document, B = D.body;
  if (!B.dataset.me || !window.EventSource || !window.DOMParser) return;
  const $ = (s, r = D) => r.querySelector(s), $$ = (s, r = D) => [...r.querySelectorAll(s)];
  const text = (k) => $('#texts')?.dataset[k] ?? '';
  const born = performance.timeOrigin, tab = Math.random().toString(36).slice(2) + Date.now().toString(36);
  const between = (a, b) => a + Math.random() * (b - a);
  const page = () => $('[data-record]')?.dataset ?? {};
  const own = () => page().self ?? location.pathname + location.search;
  const SLEEP = 5 * 60e3, POLL = 30e3, SILENT = 50e3;

  // ---- fetching, always as what it is: not an act of the reader ----------------
  let ended = false;
  const get = (url) => fetch(url, { headers: { 'HX-Request': 'true', 'Opsdesk-Background': '1' } }).then((r) => {
    if (r.status === 401) signedOut();
    if (!r.ok) throw Object.assign(new Error(String(r.status)), { status: r.status });
    return r.text();
  }).then((h) => new DOMParser().parseFromString(h, 'text/html'));
  function signedOut() { if (ended) return; ended = true; sleep(); show('out'); const d = $('#signin'); if (d && !$('dialog[open]')) d.showModal(); }

  // later runs fn soon, once for many calls, and never oftener than its cost allows; a hidden page waits until it is looked at.
  function later(fn, gap) {
    let timer = 0, last = -1e9, wait = gap, again = false, running = false;
    const run = async () => {
      timer = 0;
      if (ended) return;
      if (D.hidden) { again = true; return; }
      running = true; again = false;
      const began = performance.now();
      let least = gap;
      // A desk that dies between its word and the page: the next stream begins after that word, so nobody says it again.
      try { await fn(); } catch (e) { if (!(e.status < 500)) { again = true; least = 2 * wait; } }
      last = performance.now(); wait = Math.min(60e3, Math.max(least, 4 * (last - began))); running = false;
      if (again) call();
    };
    const call = () => { if (running) { again = true; return; } if (!timer) timer = setTimeout(run, Math.max(between(150, 900), last + wait - performance.now())); };
    D.addEventListener('visibilitychange', () => { if (!D.hidden && again && !running) call(); });
    return call;
  }

  // ---- the dot ------------------------------------------------------------------
  let state = '';
  function show(s) {
    if (s === state) return;
    state = B.dataset.stream = s;
    $$('[data-live-dot]').forEach((x) => { x.hidden = false; x.dataset.state = s; const t = $('[data-t]', x); if (t) t.textContent = x.dataset[s] ?? ''; });
  }
  setInterval(() => { if (state === 'poll' && !D.hidden && !ended) everything(); }, POLL);

  // ---- swapping -------------------------------------------------------------------
  const busy = (el) => el.matches(':hover') || el.contains(D.activeElement) || !!$('details[open]', el);
  function morph(el, fresh) {
    if (el.isEqualNode(fresh)) return;
    window.htmx ? window.htmx.swap({ text: fresh.outerHTML, target: el, sourceElement: el, swap: 'outerMorph' }) : el.replaceWith(D.adoptNode(fresh));
  }
  const waiting = new Map(); // regions that somebody is using, and what they will be
  function settle() {
    waiting.forEach((fresh, id) => { const el = D.getElementById(id); if (!el) waiting.delete(id); else if (!busy(el)) { waiting.delete(id); morph(el, fresh); } });
    if (!waiting.size) stale('');
  }
  D.addEventListener('pointerout', () => waiting.size && setTimeout(settle, 400));
  D.addEventListener('focusout', () => waiting.size && setTimeout(settle, 400));
  function stale(note) { const n = $('#stale'); if (!n) return; if (!note) n.hidden = true; else { $('[data-t]', n).textContent = note; n.hidden = false; } }
  D.addEventListener('click', (e) => { if (e.target.closest('#stale button')) { waiting.forEach((fresh, id) => { const el = D.getElementById(id); if (el) morph(el, fresh); }); waiting.clear(); stale(''); } });
  function regions(doc) {
    let differs = false;
    $$('[data-live]').forEach((el) => {
      const fresh = doc.getElementById(el.id);
      if (!fresh) return;
      if (el.dataset.live !== 'calm' || !busy(el)) { waiting.delete(el.id); morph(el, fresh); return; }
      waiting.set(el.id, fresh); differs ||= el.textContent.replace(/\s+/g, '') !== fresh.textContent.replace(/\s+/g, '');
    });
    if (differs) stale($('#changed', doc)?.textContent ?? '');
  }

  // ---- one record's page -------------------------------------------------------------
  const record = later(async () => {
    const p = page();
    if (!p.record) return;
    if (p.since) { const s = await get(p.since), to = $('#since'); if (to && s.body.firstElementChild) to.replaceChildren(...s.body.children); return; }
    try { regions(await get(own())); } catch (e) { if (e.status !== 404) throw e; waiting.clear(); stale(text('gone')); }
  }, 800);

  // ---- a list -----------------------------------------------------------------------
  const touched = new Set(); // numbers that changed since the list was fetched
  let newer = null; // the page with rows that are not shown yet
  const key = (r) => r.dataset.key, rowsOf = (d) => $$('[data-live-rows] [data-row]', d);
  function row(old, fresh) {
    const box = $('.cb', old)?.checked, mine = ['cur', 'sel'].filter((c) => old.classList.contains(c)), focused = old.contains(D.activeElement), current = $('[aria-current]', old);
    fresh.classList.remove('cur');
    if (!current) $$('[aria-current]', fresh).forEach((x) => x.removeAttribute('aria-current')); else $('.ttl a', fresh)?.setAttribute('aria-current', 'true');
    fresh.classList.add(...mine);
    if (old.innerHTML === fresh.innerHTML) { old.className = fresh.className; return; }
    old.className = fresh.className; old.replaceChildren(...D.adoptNode(fresh).childNodes);
    const c = $('.cb', old); if (c && box) c.checked = true;
    if (focused) $('.ttl a', old)?.focus({ preventScroll: true });
    old.removeAttribute('title'); old.classList.add('fresh'); setTimeout(() => old.classList.remove('fresh'), 1600);
  }
  const list = later(async () => {
    if (!$('[data-live-rows]')) return;
    const changed = new Set(touched); touched.clear();
    const doc = await get(location.pathname + location.search).catch((e) => { changed.forEach((n) => touched.add(n)); throw e; }), fresh = new Map(rowsOf(doc).map((r) => [key(r), r]));
    if (!$('[data-live-rows]', doc)) return;
    rowsOf(D).forEach((r) => {
      const f = fresh.get(key(r));
      if (f) { row(r, f.cloneNode(true)); fresh.delete(key(r)); } else if (changed.has(key(r))) { r.classList.add('out'); r.title = text('left'); }
    });
    newer = fresh.size || rowsOf(D).some((r) => r.classList.contains('out')) ? doc : null;
    const pill = $('#newer');
    if (pill) { pill.hidden = !newer; if (newer) { pill.href = location.href; const n = fresh.size, say = n === 0 ? pill.dataset.moved : n === 1 ? pill.dataset.one : pill.dataset.many.replace('#', n); if ($('[data-t]', pill).textContent !== say) $('[data-t]', pill).textContent = say; } }
    $$('[data-live]').forEach((el) => { const f = doc.getElementById(el.id); if (f && !busy(el)) morph(el, f); });
    const pv = $('#preview'), seen = pv?.dataset.key;
    if (pv && changed.has(seen) && !busy(pv)) { const p = (await get(pv.dataset.at)).body.firstElementChild; if (p && $('#preview')?.dataset.key === seen && !busy($('#preview'))) morph($('#preview'), p); }
  }, 2500);
  // all shows the rows of another reading of this list: what is ticked, the row
  // one is on and the place stay. It returns the rows that were not there before.
  function all(doc) {
    const at = $('[data-live-rows]'), fresh = $('[data-live-rows]', doc);
    const had = new Set(rowsOf(D).map(key)), on = new Set($$('.cb:checked', at).map((c) => c.value)), cur = $('.cur[data-row]', at)?.dataset.key, top = at.scrollTop;
    at.replaceChildren(...D.adoptNode(fresh).childNodes); at.scrollTop = top;
    $$('.cb', at).forEach((c) => { c.checked = on.has(c.value); });
    $$('[data-row]', at).forEach((r) => r.classList.toggle('cur', r.dataset.key === cur));
    newer = null; const pill = $('#newer'); if (pill) pill.hidden = true; window.htmx?.process(at);
    $('.cb', at)?.dispatchEvent(new Event('change', { bubbles: true }));
    return $$('[data-row]', at).filter((r) => !had.has(key(r)));
  }
  D.addEventListener('click', (e) => {
    if (e.ctrlKey || e.metaKey || e.shiftKey || !$('[data-live-rows]')) return;
    if (e.target.closest('#newer') && newer && $('[data-live-rows]', newer)) { e.preventDefault(); all(newer); $('[data-row] .ttl a')?.focus({ preventScroll: true }); return; }
    const more = e.target.closest('[data-more]'); if (!more) return;
    e.preventDefault(); if (more.ariaBusy) return; more.ariaBusy = 'true';
    const to = new URL(more.href), now = new URL(location.href).searchParams; to.hash = ''; // the row one is on, as it is by now
    for (const k of ['sel', 'next']) { to.searchParams.delete(k); if (now.has(k)) to.searchParams.set(k, now.get(k)); }
    get(to.pathname + to.search).then((doc) => {
      if (!$('[data-live-rows]', doc)) throw doc;
      const [first] = all(doc); history.replaceState(history.state, '', to);
      first?.querySelector('.ttl a')?.focus({ preventScroll: true });
    }).catch(() => location.assign(more.href)); // what is wrong is said on a page
  });

  // ---- counts: fetched by the tab that listens, shown by all ---------------------------------
  const counts = later(async () => { const c = $('#counts', await get('/live/counts')); if (c) { put(c); tell({ t: 'counts', html: c.outerHTML }); } }, 6000);
  function put(c) {
    $$('[data-count]', c).forEach((li) => $$(`[data-nav="${CSS.escape(li.dataset.count)}"]`).forEach((a) => {
      let n = $('.n,.pip,.count-pip', a);
      if (!li.textContent) { n?.remove(); return; }
      if (!n) { n = D.createElement('span'); n.className = a.dataset.pip ?? 'n'; a.append(n); }
      if (n.firstChild?.nodeType === 3) { if (n.firstChild.data !== li.textContent) n.firstChild.data = li.textContent; } else n.prepend(li.textContent);
      if (!a.dataset.pip) n.classList.toggle('hot', li.hasAttribute('data-hot'));
    }));
  }

  // ---- two edits of one field: back to editing means one's own value again -----------------
  const pick = (f, v) => $$(`input[name^="keep_"][value=${v}]`, f).forEach((x) => { x.checked = true; });
  D.addEventListener('click', (e) => { const b = e.target.closest('[data-theirs]'); if (b) { pick(b.closest('dialog'), 'theirs'); b.form.requestSubmit(); } });
  D.addEventListener('close', (e) => { if (e.target.matches?.('.conflict')) pick(e.target, 'yours'); }, true);

  // ---- who is here ----------------------------------------------------------------------
  let stream = '', doing = 'view', told = '', quiet = 0;
  const who = later(async () => {
    const p = page(); if (!p.here) return;
    const d = await get(`/live/here?kind=${p.kind}&id=${p.record}`);
    ['viewers', 'typing'].forEach((id) => { const a = D.getElementById(id), b = d.getElementById(id); if (a && b && a.innerHTML !== b.innerHTML) a.replaceChildren(...b.childNodes); });
  }, 700);
  function here(what, last) {
    const p = page(); if (!p.here || !stream || told === stream + what) return;
    told = stream + what;
    const body = new URLSearchParams({ stream, tab, kind: p.kind, id: p.record, doing: what });
    if (last) { navigator.sendBeacon('/live/here', body); return; }
    fetch('/live/here', { method: 'POST', body, headers: { 'Opsdesk-Background': '1', 'HX-Request': 'true' } }).catch(() => { told = ''; });
  }
  D.addEventListener('input', (e) => {
    const p = page(); if (!p.here) return;
    const f = e.target.closest('form.composer'), what = f ? (f.classList.contains('note') ? 'note' : 'reply') : e.target.closest('form.act') ? 'edit' : '';
    if (!what) return;
    doing = what; here(doing); clearTimeout(quiet); quiet = setTimeout(() => { doing = p.doing ?? 'view'; here(doing); }, 15e3);
  });
  addEventListener('pagehide', () => { here('', true); told = ''; });

  // ---- what was heard ---------------------------------------------------------------------
  function everything() { record(); list(); if (leads || !channel || state === 'poll') counts(); if (page().here) who(); }
  function heard(m) {
    let d; try { d = JSON.parse(m.data); } catch { return; }
    if (m.id) last = m.id;
    const p = page();
    switch (m.event) {
      case 'change':
        if (d.id === p.record && !(d.version <= Number(p.version))) record();
        touched.add(d.number); list(); if (leads) counts();
        break;
      case 'inbox': if (d.about === p.record) record(); if (leads) counts(); break;
      case 'here': if (d.id === p.record) who(); break;
      case 'refetch': everything();
    }
  }

  // ---- between tabs -------------------------------------------------------------------------
  const channel = window.BroadcastChannel ? new BroadcastChannel('opsdesk-live') : null;
  const tell = (m) => channel?.postMessage({ ...m, from: tab, me: B.dataset.me });
  let leads = false, log = [], since = 0, answered = 0;
  if (channel) channel.onmessage = ({ data: m }) => {
    if (m.me !== B.dataset.me) return; // somebody else has signed in meanwhile
    if (m.t === 'ask' && leads && state) { const from = m.born < since ? null : log.filter((x) => x.at >= m.born); tell({ t: 'state', state, stream, to: m.from, missed: from }); return; }
    if (leads) return;
    if (m.t === 'event') heard(m.m);
    if (m.t === 'counts') put(new DOMParser().parseFromString(m.html, 'text/html'));
    if (m.t === 'state') {
      answered = Date.now(); const woke = stream !== m.stream;
      stream = m.stream; show(m.state);
      if (woke && stream) { told = ''; here(doing); who(); }
      if (m.to === tab) m.missed ? m.missed.forEach((x) => heard(x.m)) : everything();
    }
  };

  // ---- the stream, in the tab that leads --------------------------------------------------------
  let es = null, last = '', tries = 0, timer = 0, alarm = 0, release = null, stop = null;
  const beat = () => { clearTimeout(alarm); alarm = setTimeout(() => fail(), SILENT); };
  function open() {
    timer = 0; if (!leads || ended || es) return;
    es = new EventSource('/live?' + (last ? 'last=' + encodeURIComponent(last) : 'age=' + Math.round(Date.now() - born)));
    const on = (name, fn) => es.addEventListener(name, (e) => { beat(); fn(e); });
    beat();
    on('hello', (e) => {
      const d = JSON.parse(e.data); tries = 0; stream = d.stream; told = '';
      if (!since) since = born;
      turn(d.listening ? 'on' : 'poll'); here(doing); who();
    });
    on('beat', () => {});
    ['change', 'inbox', 'here', 'refetch'].forEach((n) => on(n, (e) => {
      if (n === 'refetch') turn('on');
      const m = { event: n, data: e.data, id: e.lastEventId };
      log.push({ at: Date.now(), m }); if (log.length > 300) { since = log[99].at + 1; log = log.slice(100); }
      heard(m); tell({ t: 'event', m });
    }));
    on('deaf', () => turn('poll'));
    on('bye', (e) => { const why = JSON.parse(e.data).why; shut(); if (why === 'rights') counts(); again(why === 'age' ? between(0, 1500) : between(500, 4000)); });
    es.onerror = () => fail();
  }
  function shut() { clearTimeout(alarm); es?.close(); es = null; }
  function fail() { shut(); if (!leads || ended) return; turn('poll'); if (tries === 1) counts(); again(Math.min(60e3, 1000 * 2 ** tries++) * between(0.5, 1.5)); }
  function again(ms) { clearTimeout(timer); timer = setTimeout(open, ms); }
  function turn(s) { show(s); tell({ t: 'state', state: s, stream }); }
  function lead() { leads = true; log = []; since = last ? Date.now() : 0; open(); }
  function sleep() { shut(); clearTimeout(timer); leads = false; release?.(); release = null; stop?.abort(); stop = null; stream = ''; told = ''; }
  function wake() {
    if (ended || stop || leads) return;
    if (channel && navigator.locks) {
      stop = new AbortController();
      navigator.locks.request('opsdesk-live', { signal: stop.signal }, () => new Promise((done) => { release = done; lead(); })).catch(() => {});
      tell({ t: 'ask', born });
      setTimeout(() => { if (!leads && !answered && !ended) show('poll'); }, 5000);
    } else lead(); // no locks on a plain address: only the tab that is looked at listens
  }
  let hide = 0;
  D.addEventListener('visibilitychange', () => {
    clearTimeout(hide);
    if (D.hidden) hide = setTimeout(() => { here('', true); sleep(); slept = true; }, navigator.locks ? SLEEP : 3000);
    else if (slept) { slept = false; wake(); everything(); }
  });
  let slept = false;
  addEventListener('pagehide', shut);
  addEventListener('pageshow', (e) => { if (e.persisted) { sleep(); wake(); everything(); } });
  addEventListener('online', () => { if (leads && !es) again(0); });
  doing = page().doing ?? 'view';
  wake();
})();
