// desk.js: behaviours only, found by data attributes, so that htmx swaps need no re-binding. No eval, no inline handlers, no style attributes.
(() => {
  'use strict';
  const D = document, H = D.documentElement;
  const $ = (s, r = D) => r.querySelector(s), $$ = (s, r = D) => [...r.querySelectorAll(s)];
  const text = (k) => $('#texts')?.dataset[k] ?? '';
  const typing = (e) => e.target.closest?.('input:not([type=checkbox]):not([type=radio]),textarea,select,[contenteditable]');

  let lastBox = -1; // where a run of rows begins

  // ---- clicks -------------------------------------------------------------
  D.addEventListener('click', (e) => {
    const t = e.target;
    if (t.closest('[data-palette]')) { e.preventDefault(); openPalette(); }
    const dl = t.closest('[data-dialog]');
    if (dl) { const d = $('#' + dl.dataset.dialog); if (d) { e.preventDefault(); d.showModal(); } }
    const c = t.closest('[data-close]');
    if (c && c.closest('dialog')) { e.preventDefault(); c.closest('dialog').close(); }
    if (t.matches?.('dialog')) t.close();
    const tab = t.closest('[data-compose]');
    if (tab) compose(tab);
    const ch = t.closest('[data-choose]');
    if (ch) { if (ch.getAttribute('aria-pressed') === 'true') unchoose(); else { ch.setAttribute('aria-pressed', 'true'); selection(); } }
    if (t.closest('[data-clear]')) { unchoose(); $('[data-choose]')?.focus(); } // the bar goes, and the focus would go with it
    if (t.matches?.('.cb')) { const r = rows(), at = r.indexOf(t.closest('[data-row]')); if (e.shiftKey && lastBox >= 0) { r.slice(Math.min(at, lastBox), Math.max(at, lastBox) + 1).forEach((x) => { const c = $('.cb', x); if (c) c.checked = t.checked; }); selection(); } lastBox = at; }
    const det = t.closest('details.menu-d');
    $$('details.menu-d[open]').forEach((x) => { if (x !== det) x.open = false; });
  });
  D.addEventListener('change', (e) => {
    const seg = e.target.closest('.seg');
    if (seg) $$('.seg', seg.parentElement).forEach((x) => x.classList.toggle('on', $('input', x).checked));
    if (e.target.matches('[data-submit]')) e.target.form.requestSubmit();
    if (e.target.matches('.cb,[data-all]')) selection();
  });

  // ---- the connection: away when two requests in a row found nobody, or one where the browser says so; it is wrong at times, behind some VPNs ----
  const away = () => failures > (navigator.onLine ? 1 : 0), waiting = new Set(), reach = window.fetch;
  let failures = 0, probe;
  window.fetch = (...a) => reach.apply(window, a).then((r) => { failures = 0; connection(); flush(); return r; }, (e) => { if (e.name !== 'AbortError') { failures++; connection(); } throw e; });
  function connection() {
    const bar = $('#offline'); if (bar) bar.hidden = !away();
    clearTimeout(probe); if (away() || waiting.size) probe = setTimeout(knock, 4000);
  }
  const knock = () => fetch('/healthz', { cache: 'no-store' }).catch(() => {});
  addEventListener('offline', knock);
  addEventListener('online', knock);
  // hold keeps a form until the connection is back; its button says so. It then goes out as it is, once: its idempotency key is the same.
  function hold(f, by) {
    release(f); waiting.add(f);
    const b = by ?? $('[data-send]', f) ?? $('button[type=submit],button:not([type])', f);
    if (b) { f._was = [b, [...b.childNodes]]; b.textContent = text('waits'); }
    f._by = by; connection();
  }
  function release(f) { waiting.delete(f); if (f._was) { f._was[0].replaceChildren(...f._was[1]); f._was = null; } }
  function flush() { [...waiting].forEach((f) => { const by = f._by; release(f); if (f.isConnected) f.requestSubmit(by); }); }
  if (!navigator.onLine) knock();

  // ---- forms: one press, one effect; long ones leave a warning ---------------
  let acting = false; // a row's form was sent: the answer is another page, and no key may send a second one meanwhile
  D.addEventListener('submit', (e) => {
    const f = e.target;
    if (f.getAttribute('action') === '/sign-out') try { localStorage.removeItem(opened); } catch { /* nothing was kept */ }
    if (f.dataset.sent) { e.preventDefault(); return; }
    if (f.method !== 'post' || f.dataset.again !== undefined) return;
    if (away() && !f.dataset.draft) { e.preventDefault(); toast(text('notsent')); return; }
    if (f.dataset.draft && !f._kept) { e.preventDefault(); keep(f, e.submitter); return; }
    f._kept = false; f.dataset.sent = '1'; acting ||= !!f.closest('#preview');
    clearTimeout(f._draft);
    setTimeout(() => $$('button[type=submit],button:not([type])', f).forEach((b) => { b.setAttribute('aria-disabled', 'true'); }), 0);
  });
  addEventListener('pageshow', () => { acting = false; $$('form[data-sent]').forEach((f) => { delete f.dataset.sent; $$('[aria-disabled]', f).forEach((b) => b.removeAttribute('aria-disabled')); }); });

  // ---- promised times: counted on from the server's time, never from the clock of this machine alone ----
  const ST = $('#sla-texts'), skew = ST ? Number(ST.dataset.now) - Date.now() : 0;
  const fill = (k, v) => (ST.dataset[k] ?? '').replace(/\{(\w+)\}/g, (_, n) => v[n] ?? '');
  function span(ms) {
    const m = Math.floor(Math.abs(ms) / 60000), d = Math.floor(m / 1440), h = Math.floor(m % 1440 / 60);
    if (m < 60) return fill('m', { m });
    if (d < 1) return m % 60 ? fill('hm', { h, m: m % 60 }) : fill('h', { h });
    return h ? fill('dh', { d, h }) : fill('d', { d });
  }
  function recount() {
    if (!ST || D.hidden) return;
    const now = Date.now() + skew;
    $$('.sla[data-due]').forEach((c) => {
      const due = Number(c.dataset.due), start = Number(c.dataset.start), past = (k) => c.dataset[k] && now >= Number(c.dataset[k]);
      const look = now > due ? 'over' : past('crit') ? 'crit' : past('warn') ? 'warn' : 'ok';
      c.classList.remove('ok', 'warn', 'crit', 'over'); c.classList.add(look);
      const t = $('[data-left]', c), words = fill(look === 'over' ? 'over' : look === 'crit' ? 'soon' : 'left', { span: span(due - now) });
      if (t && t.textContent !== words) t.textContent = words;
      const ring = $('.val', c);
      if (ring && due > start) ring.setAttribute('stroke-dasharray', Math.round(100 * Math.min(1, Math.max(0, (due - now) / (due - start)))) + ' 100');
    });
  }
  if (ST) { setInterval(recount, 30000); D.addEventListener('visibilitychange', recount); }

  // ---- toasts -----------------------------------------------------------------
  function toast(msg) {
    const box = $('#toasts'); if (!box) return;
    const t = D.createElement('div'); t.className = 'toast';
    const s = D.createElement('span'); s.textContent = msg; t.append(s); box.append(t);
    let h = setTimeout(() => t.remove(), 8000);
    t.addEventListener('pointerenter', () => clearTimeout(h));
    t.addEventListener('pointerleave', () => { h = setTimeout(() => t.remove(), 3000); });
  }
  $$('#toasts .toast:not(#offline)').forEach((t) => { // what can be undone waits while one looks at it
    let h; const go = (ms) => { clearTimeout(h); h = setTimeout(() => t.remove(), ms); };
    ['pointerenter', 'focusin'].forEach((e) => t.addEventListener(e, () => clearTimeout(h)));
    ['pointerleave', 'focusout'].forEach((e) => t.addEventListener(e, () => go(3000)));
    $('form', t)?.addEventListener('submit', (e) => { const b = $('[name=return]', e.target); if (b) { const u = here(); b.value = u.pathname + u.search; } }); // where the cursor is by now
    go(8000);
  });

  // ---- composer ---------------------------------------------------------------
  D.addEventListener('focusin', (e) => { e.target.closest('form.composer')?.classList.add('open'); });
  D.addEventListener('pointerdown', (e) => $$('form.composer.open').forEach((c) => { if (!c.contains(e.target) && !$('textarea', c).value) c.classList.remove('open'); }));
  function compose(tab) {
    const f = tab.closest('form'), note = tab.dataset.compose === 'note';
    release(f); f.action = tab.dataset.action; f.dataset.draft = tab.dataset.draft;
    $$('[data-compose]', f).forEach((x) => x.setAttribute('aria-selected', String(x === tab)));
    f.classList.toggle('note', note);
    const b = $('[data-send]', f); if (b) b.textContent = tab.dataset.label;
    const ta = $('textarea', f); ta.placeholder = tab.dataset.placeholder; ta.focus();
  }
  function composeBy(kind) {
    const tab = $(`[data-compose=${kind}]`); if (!tab) return false;
    tab.closest('form').classList.add('open'); compose(tab); return true;
  }

  // ---- drafts -----------------------------------------------------------------
  const fields = (f) => { const o = f.dataset.basis ? { basis: f.dataset.basis } : {}; new FormData(f).forEach((v, k) => { if (typeof v === 'string' && !k.startsWith('_') && k !== 'version' && k !== 'attachment_ids') o[k] = (k.startsWith('f_') || f.dataset.basis) && k in o ? o[k] + '\n' + v : v; }); return o; };
  function saveDraft(f, last) {
    if (f.dataset.sent) return;
    const body = JSON.stringify(fields(f)), url = '/drafts/' + encodeURIComponent(f.dataset.draft);
    if (f._saved === body) return;
    f._saved = body;
    if (last) { navigator.sendBeacon(url, body); return; }
    fetch(url, { method: 'PUT', body, headers: { 'Content-Type': 'application/json' } }).then((r) => {
      const out = $('[data-saved]', f);
      if (r.status === 401) { $('#signin')?.showModal(); f._saved = ''; return; }
      if (!r.ok) throw new Error(String(r.status));
      if (out) { const d = new Date(); out.textContent = text('saved') + ' ' + String(d.getHours()).padStart(2, '0') + ':' + String(d.getMinutes()).padStart(2, '0'); }
    }).catch(() => { f._saved = ''; const out = $('[data-saved]', f); if (out) out.textContent = text('unsaved'); });
  }
  // keep saves the draft before its form is sent. That also asks whether its writer is still signed in and connected: a form that would only lead to an error page stays where it is, with its text.
  function keep(f, by) {
    if (f._keeping) return;
    f._keeping = true; release(f); clearTimeout(f._draft); f._saved = JSON.stringify(fields(f));
    fetch('/drafts/' + encodeURIComponent(f.dataset.draft), { method: 'PUT', body: f._saved, headers: { 'Content-Type': 'application/json' } }).then((r) => {
      if (r.status === 401) { f._saved = ''; const d = $('#signin'); if (d && !d.open) d.showModal(); return; }
      f._kept = true; f.requestSubmit(by);
    }).catch(() => { f._saved = ''; toast(text('unsaved')); hold(f, by); }).finally(() => { f._keeping = false; });
  }
  D.addEventListener('input', (e) => {
    const f = e.target.closest('form[data-draft]'); if (!f) return;
    clearTimeout(f._draft); f._draft = setTimeout(() => saveDraft(f), 1000);
  });
  D.addEventListener('focusout', (e) => { const f = e.target.closest?.('form[data-draft]'); if (f && f._draft && e.target.matches('textarea,input[type=text]')) { clearTimeout(f._draft); saveDraft(f); } });
  addEventListener('pagehide', () => $$('form[data-draft]').forEach((f) => { if (f._draft) saveDraft(f, true); }));

  // ---- uploads: one by one, with progress; a plain file field without script -----
  const small = (file) => new Promise((done) => {
    if (!/^image\/(png|jpeg|webp)$/.test(file.type)) return done(file);
    createImageBitmap(file).then((img) => {
      const k = 2000 / Math.max(img.width, img.height);
      if (k >= 1) return done(file);
      const c = D.createElement('canvas'); c.width = Math.round(img.width * k); c.height = Math.round(img.height * k);
      c.getContext('2d').drawImage(img, 0, 0, c.width, c.height);
      c.toBlob((b) => done(b ? new File([b], file.name, { type: b.type }) : file), file.type, 0.9);
    }).catch(() => done(file));
  });
  const changed = (el) => el.dispatchEvent(new Event('desk:changed', { bubbles: true })); // for form.js: a hidden field was set
  D.addEventListener('click', (e) => { const b = e.target.closest('[data-drop]'); if (b) { const box = b.closest('[data-upload]'); b.closest('li').remove(); changed(box); } });
  function upload(box, file) {
    const li = D.createElement('li'), bar = D.createElement('progress'), name = D.createElement('span');
    li.className = 'row'; name.className = 'cut'; name.textContent = file.name; bar.className = 'bar up'; bar.max = 100; bar.value = 0; bar.setAttribute('aria-label', file.name);
    li.append(name, bar); $('[data-files]', box).append(li);
    small(file).then((f) => {
      const x = new XMLHttpRequest(), d = new FormData(); d.append('files', f, file.name);
      const fail = (msg) => {
        bar.remove(); const b = D.createElement('button'); b.type = 'button'; b.className = 'btn sm'; b.textContent = text('retry');
        const m = D.createElement('span'); m.className = 'err'; m.textContent = msg; li.append(m, b);
        b.onclick = () => { li.remove(); upload(box, file); };
      };
      x.open('POST', '/attachments'); x.setRequestHeader('Accept', 'application/json');
      x.upload.onprogress = (e) => { bar.value = 100 * e.loaded / e.total; };
      x.onerror = () => fail(text('uploadfailed'));
      x.onload = () => {
        if (x.status !== 201) { const p = new DOMParser().parseFromString(x.responseText, 'text/html').querySelector('[data-fault]'); return fail(p?.textContent || text('uploadfailed')); }
        bar.remove();
        JSON.parse(x.responseText).forEach((a) => {
          const i = D.createElement('input'); i.type = 'hidden'; i.name = box.dataset.upload || 'attachment_ids'; i.value = a.id;
          const b = D.createElement('button'); b.type = 'button'; b.className = 'btn ghost sm'; b.textContent = '×'; b.setAttribute('aria-label', text('remove') + ' ' + file.name); b.dataset.drop = '';
          li.append(i, b);
        });
        changed(box);
      };
      x.send(d);
    });
  }
  D.addEventListener('change', (e) => { const i = e.target.closest('[data-upload] input[type=file]'); if (i) { [...i.files].forEach((f) => upload(i.closest('[data-upload]'), f)); i.value = ''; } });
  D.addEventListener('paste', (e) => { const box = e.target.closest?.('form')?.querySelector('[data-upload]'); const fs = [...(e.clipboardData?.files ?? [])]; if (box && fs.length) { e.preventDefault(); fs.forEach((f, n) => upload(box, f.name ? f : new File([f], `paste-${n + 1}.png`, { type: f.type }))); } });
  D.addEventListener('dragover', (e) => { if (e.target.closest?.('form')?.querySelector('[data-upload]')) e.preventDefault(); });
  D.addEventListener('drop', (e) => { const box = e.target.closest?.('[data-upload]') ?? e.target.closest?.('form')?.querySelector('[data-upload]'); if (box && e.dataTransfer.files.length) { e.preventDefault(); [...e.dataTransfer.files].forEach((f) => upload(box, f)); } });

  // ---- combobox over a server search (a plain select works without script) ---------
  D.addEventListener('input', (e) => {
    const i = e.target.closest('[data-combo]'); if (!i) return;
    const list = $('#' + i.getAttribute('aria-controls')), hidden = $(`input[name="${i.dataset.combo}"]`, i.closest('form'));
    hidden.value = ''; clearTimeout(i._t);
    i._t = setTimeout(() => { const asked = i.value; fetch(i.dataset.url + encodeURIComponent(asked), { headers: { 'HX-Request': 'true' } }).then((r) => r.text()).then((h) => {
      if (i.value !== asked) return; // typed on, or chosen, meanwhile
      list.replaceChildren(...new DOMParser().parseFromString(h, 'text/html').body.children); list.hidden = !list.children.length; i.setAttribute('aria-expanded', String(!list.hidden));
    }); }, 150);
  });
  const choose = (i, o) => { clearTimeout(i._t); const list = $('#' + i.getAttribute('aria-controls')); i.value = o.dataset.text; $(`input[name="${i.dataset.combo}"]`, i.closest('form')).value = o.dataset.value; list.hidden = true; i.setAttribute('aria-expanded', 'false'); changed(i); };
  D.addEventListener('mousedown', (e) => { const o = e.target.closest('[role=option][data-value]'); if (o) { e.preventDefault(); const list = o.closest('[role=listbox]'); choose($(`[aria-controls="${list.id}"]`), o); } });
  D.addEventListener('keydown', (e) => {
    const i = e.target.closest?.('[data-combo]'); if (!i) return;
    const list = $('#' + i.getAttribute('aria-controls')), os = $$('[role=option]', list), at = os.findIndex((o) => o.getAttribute('aria-selected') === 'true');
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') { e.preventDefault(); const n = os[(at + (e.key === 'ArrowDown' ? 1 : os.length - 1)) % os.length] ?? os[0]; os.forEach((o) => o.setAttribute('aria-selected', String(o === n))); if (n) i.setAttribute('aria-activedescendant', n.id); } else if (e.key === 'Enter' && i.value && !$(`input[name="${i.dataset.combo}"]`, i.closest('form')).value) {
      // Enter never sends a form whose picker waits for a choice: it takes the one marked, or marks the first.
      e.preventDefault(); const o = os[list.hidden ? -1 : at];
      if (o) choose(i, o); else if (!list.hidden && os[0]) { os[0].setAttribute('aria-selected', 'true'); i.setAttribute('aria-activedescendant', os[0].id); }
    } else if (e.key === 'Escape' && !list.hidden) { e.stopPropagation(); list.hidden = true; }
  });

  // ---- the list that a record was opened from: this tab keeps it, so that acts on the record and the next of the list keep it too. A record come to in another way has none. ----
  const RECORD = /^\/(?:incidents|requests|changes|inspections|configuration)\/([A-Z]+-\d+)$/, page = location.pathname.match(RECORD)?.[1];
  const origin = () => { try { return JSON.parse(sessionStorage.getItem('list')) ?? {}; } catch { return {}; } };
  D.addEventListener('click', (e) => {
    const at = e.target.closest?.('[data-queue] a[href],[data-beside] a')?.pathname.match(RECORD)?.[1]; if (!at) return;
    try { sessionStorage.setItem('list', JSON.stringify({ at, list: queue() ? location.pathname + location.search : origin().list })); } catch { /* J and K stay off */ }
  });
  (() => {
    const slot = $('[data-beside]'), { at, list } = origin(); if (!slot || !page || at !== page || list?.split('?')[0] !== slot.dataset.list) return;
    const back = $('[data-back]'), u = new URL(list, location.href); u.searchParams.set('sel', page); u.searchParams.delete('next');
    if (back) back.href = u.pathname + u.search;
    fetch(slot.dataset.beside + '?back=' + encodeURIComponent(list), { headers: { 'HX-Request': 'true' } }).then((r) => r.ok ? r.text() : '').then((h) => slot.replaceChildren(...new DOMParser().parseFromString(h, 'text/html').body.children)).catch(() => {});
  })();

  // ---- palette ------------------------------------------------------------------
  const pal = () => $('#palette');
  let palTimer, palAsked = 0, recAsked = 0; // how often the server was asked: an answer that another question has overtaken is for nobody
  function openPalette() { const p = pal(); if (!p || p.open) return; p.showModal(); const i = $('input', p); i.value = ''; offer(); recent(); i.focus(); }
  // What was opened last in this browser, by number alone: no text of a ticket lies here, and the server says which of them may still be seen.
  const opened = 'recent:' + D.body.dataset.me;
  const numbers = () => { try { return (localStorage.getItem(opened) ?? '').split(',').filter((x) => x && x !== page); } catch { return []; } };
  if (page && pal()) try { localStorage.setItem(opened, [page, ...numbers()].slice(0, 11).join(',')); } catch { /* nothing is kept */ }
  function recent() {
    const list = numbers().slice(0, 10); if (!list.length) return;
    const n = ++recAsked;
    ask('recent=' + list, () => n === recAsked, (found) => { $('#pal-opened').replaceChildren(...found); groups($('input', pal()).value.trim()); });
  }
  // ask puts a question to the palette's address. Where no answer comes, a line says so and what was typed stays.
  function ask(query, fresh, put) {
    fetch('/palette?' + query, { headers: { 'HX-Request': 'true' } }).then((r) => {
      if (r.status === 401) $('#signin')?.showModal();
      if (!r.ok) throw new Error(String(r.status));
      return r.text();
    }).then((h) => { if (fresh()) put(new DOMParser().parseFromString(h, 'text/html').body.children); }).catch(() => { if (fresh()) { $('#pal-hits').replaceChildren(); $('#pal-error').hidden = false; } });
  }
  D.addEventListener('click', (e) => { if (e.target.closest('#pal-error button')) { const i = $('input', pal()); if (i.value.trim()) filter(i.value); else { $('#pal-error').hidden = true; recent(); } i.focus(); } });
  function groups(q) {
    $$('#pal-opened .pal-item').forEach((x) => { x.hidden = !!q; });
    $$('[role=group]', pal()).forEach((g) => { g.hidden = !$('.pal-item:not([hidden])', g); });
    if (!items().some((x) => x.getAttribute('aria-selected') === 'true')) mark(items()[0]);
  }
  // What the page itself offers: every control with a name for the palette.
  function commands(p) {
    $('#pal-page', p)?.replaceChildren(...$$('[data-command]').filter((el) => !el.closest('[data-queue] #preview') || own()).map((el, n) => {
      const d = D.createElement('div'), s = D.createElement('span');
      d.className = 'pal-item'; d.id = 'pal-c-' + n; d.setAttribute('role', 'option'); d.setAttribute('aria-selected', 'false'); d._does = el;
      s.textContent = el.dataset.command; d.append(s);
      if (el.dataset.hotkey) { const k = D.createElement('kbd'); k.textContent = el.dataset.hotkey; d.append(k); }
      return d;
    }));
  }
  const items = () => $$('.pal-item:not([hidden])', pal());
  function mark(el) { $$('.pal-item', pal()).forEach((x) => x.setAttribute('aria-selected', String(x === el))); if (el) { $('input', pal()).setAttribute('aria-activedescendant', el.id); el.scrollIntoView({ block: 'nearest' }); } }
  function filter(q) {
    q = q.trim().toLowerCase(); const cmd = q.startsWith('>'), s = q.replace(/^[>#@]\s*/, '');
    $$('.pal-item:not([data-hit])', pal()).forEach((x) => { x.hidden = x.hasAttribute('data-off') || !!s && !x.textContent.toLowerCase().includes(s); });
    groups(q); mark(items()[0]);
    clearTimeout(palTimer); $('#pal-error').hidden = true;
    const hits = $('#pal-hits'), n = ++palAsked;
    if (!s || cmd) { hits.replaceChildren(); hits.hidden = true; return; }
    palTimer = setTimeout(() => ask('q=' + encodeURIComponent(q), () => n === palAsked, (found) => { hits.replaceChildren(...found); hits.hidden = !hits.children.length; mark(items()[0]); }), 120);
  }
  D.addEventListener('input', (e) => { if (e.target.closest('#palette input')) filter(e.target.value); });
  D.addEventListener('keydown', (e) => {
    const p = pal(); if (!p?.open) return;
    const a = items(), i = a.findIndex((x) => x.getAttribute('aria-selected') === 'true');
    if (e.key === 'ArrowDown') { e.preventDefault(); mark(a[(i + 1) % a.length]); } else if (e.key === 'ArrowUp') { e.preventDefault(); mark(a[(i - 1 + a.length) % a.length]); } else if (e.key === 'Enter') { e.preventDefault(); if (a[i]) run(a[i]); }
  });
  D.addEventListener('click', (e) => { const it = e.target.closest('.pal-item'); if (it) { e.preventDefault(); run(it); } });
  function run(it) { pal().close(); if (it._does) it._does.click(); else if (it.dataset.href) location.assign(it.dataset.href); else if (it.dataset.key) obey(it.dataset.key); }

  // ---- queue: roving cursor, selection, preview -------------------------------------
  const queue = () => $('[data-queue]'), rows = () => $$('[data-queue] [data-row]'), cur = () => $('[data-queue] [data-row].cur');
  // A row's buttons are in its preview, which follows the cursor late. It says by its key whose it is; own is the preview only while that is the current row.
  const preview = () => $('[data-previews] #preview'), own = () => { const p = preview(); return p && p.dataset.key === cur()?.dataset.key ? p : null; };
  let pvTimer, asked, waits = ''; // asked is what is being fetched: its key, and how to stop it; waits is the key that was pressed before it came
  function forget() { clearTimeout(pvTimer); asked?.stop.abort(); asked = null; waits = ''; }
  function move(d, extend) {
    const r = rows(), n = r[Math.max(0, Math.min(r.length - 1, r.indexOf(cur()) + d))]; if (!n) return;
    cur()?.classList.remove('cur'); $$('[aria-current=true]', queue()).forEach((x) => x.removeAttribute('aria-current'));
    n.classList.add('cur'); const a = $('.ttl a', n); a.setAttribute('aria-current', 'true'); a.focus({ preventScroll: true }); n.scrollIntoView({ block: 'nearest' });
    if (extend) { const c = $('.cb', n); if (c) { c.checked = true; selection(); } }
    forget();
    const p = preview(); if (!p || getComputedStyle(p).display === 'none') return; // where none is shown, it is fetched when a key needs it
    if (own()) { p.removeAttribute('aria-busy'); return; }
    p.setAttribute('aria-busy', 'true'); pvTimer = setTimeout(load, 120);
  }
  // here is this page with the current row, for acts that return to it or, when it has left the list, to the next.
  function here() {
    const u = new URL(location.href), n = cur(), r = rows(), after = n && r[r.indexOf(n) + 1];
    if (n) { u.searchParams.set('sel', n.dataset.key); u.searchParams.delete('next'); if (after) u.searchParams.set('next', after.dataset.key); }
    return u;
  }
  // load fetches the preview of the current row. What comes when the cursor has gone on is for nobody.
  function load() {
    const n = cur(), key = n?.dataset.key; if (!n) return;
    const k = waits; forget(); waits = k;
    const mine = asked = { key, stop: new AbortController() }, u = here();
    preview()?.setAttribute('aria-busy', 'true');
    fetch($('.ttl a', n).getAttribute('href') + '/preview?back=' + encodeURIComponent(u.pathname + u.search), { headers: { 'HX-Request': 'true' }, signal: mine.stop.signal }).then((x) => {
      if (x.status === 401) $('#signin')?.showModal();
      if (!x.ok) throw new Error(String(x.status));
      return x.text();
    }).then((h) => {
      if (asked !== mine || cur()?.dataset.key !== key) return;
      const body = new DOMParser().parseFromString(h, 'text/html').body.firstElementChild; if (body?.dataset.key !== key) throw new Error('not a preview');
      asked = null; D.adoptNode(body); preview() ? preview().replaceWith(body) : queue().append(body); window.htmx?.process(body);
      history.replaceState(history.state, '', u);
      if ($('#palette[open],#keys[open]')) offer();
      const k = waits; waits = ''; if (k && !hotkey(k)) toast(text('nokey'));
    }).catch(() => { if (asked === mine) lost(); });
  }
  // lost says that the current row's preview did not come, in the place of one that is another row's.
  function lost() {
    const p = preview(), k = waits; forget();
    if (k) toast(text('notloaded'));
    if (!p) return;
    const box = D.createElement('div'), m = D.createElement('p'), b = D.createElement('button');
    box.className = 'pv-b stack'; m.setAttribute('role', 'alert'); m.textContent = text('nopreview'); b.type = 'button'; b.className = 'btn'; b.textContent = text('retry'); b.onclick = load;
    box.append(m, b); p.replaceChildren(box); p.removeAttribute('aria-busy'); delete p.dataset.key; delete p.dataset.at;
  }
  function unchoose() { $$('.cb', queue() ?? D).forEach((c) => { c.checked = false; }); $('[data-choose]')?.setAttribute('aria-pressed', 'false'); selection(); }
  function selection() {
    const q = queue(); if (!q) return;
    const s = $$('[data-row] .cb:checked', q); $$('[data-row]', q).forEach((r) => r.classList.toggle('sel', !!$('.cb', r)?.checked));
    const b = $('[data-bulk]'), all = b && $('[data-all]', b); if (!s.length && all) all.checked = false;
    const ch = $('[data-choose]'); if (s.length && ch?.offsetParent) ch.setAttribute('aria-pressed', 'true'); // a phone that came back to ticked boxes
    const on = !!s.length || ch?.getAttribute('aria-pressed') === 'true';
    if (b) { b.classList.toggle('on', on); $('[data-count]', b).textContent = all?.checked ? all.dataset.all : s.length; $$('[name=act]', b).forEach((x) => { x.disabled = !s.length; }); }
    q.classList.toggle('selecting', on); D.body.classList.toggle('has-bulk', on);
  }

  // ---- keys: never while typing, composing or in a dialog; off by choice (WCAG 2.1.4) --
  let seq = '', seqTimer;
  // target is what a key presses: of the bar of ticked rows, else of the current row or its preview, else of the page. What is another row's is never pressed.
  function target(k) {
    const s = `[data-hotkey="${k}"]`, bar = $('[data-bulk].on'), at = (r) => r && $(s, r);
    return (bar ? at(bar) : at(cur()) ?? at(own())) ?? $$(s).find((x) => !x.closest('[data-bulk],[data-row],[data-queue] #preview'));
  }
  function hotkey(k) {
    if (acting) return true; // the page is being left
    const el = target(k);
    if (!el) {
      if (!cur()?.closest('[data-previews]')) return false;
      if ($('[data-bulk].on')) { if (/^[a-z]$/.test(k)) toast(text('ticked')); return true; }
      if (own()) return false;
      waits = k; if (asked?.key !== cur().dataset.key) load();
      return true;
    }
    if (el.matches('input,textarea,select')) el.focus(); else el.click();
    if (el.matches('summary')) $('.menu button,.menu a', el.parentElement)?.focus();
    return true;
  }
  const obey = (k) => k === 'r' && composeBy('reply') || k === 'n' && composeBy('note') || hotkey(k);
  // works says whether keys, as the sheet and the palette name them, do something on this page.
  function works(keys) {
    const k = keys.toLowerCase();
    if (k.startsWith('g ')) return !!$(`[data-go="${k[2]}"]`);
    switch (k) {
      case '⌘k': return !!pal();
      case '?': return true;
      case 'j k': return !!(rows().length || target('j') || target('k'));
      case '↵': return rows().length > 0;
      case 'x': case '⇧j ⇧k': case 'ctrl a': return !!$('[data-queue] [data-row] .cb');
      case 'esc': return !!(queue() ?? $('[data-back]'));
      case 'ctrl ↵': return !!$('form.composer');
      case 'r': case 'n': return !!$(`[data-compose=${k === 'r' ? 'reply' : 'note'}]`);
      default: return !!target(k);
    }
  }
  // offer leaves in the sheet and in the palette what works here. What the current row offers is known when its preview has come.
  function offer() {
    if (cur()?.closest('[data-previews]') && !own() && !asked) load();
    $$('#keys [data-keys]').forEach((x) => { x.hidden = !works(x.dataset.keys); });
    const p = pal(); if (!p) return;
    $$('.pal-item[data-key]', p).forEach((x) => { x.toggleAttribute('data-off', !works(x.dataset.key)); });
    commands(p); filter($('input', p).value);
  }
  // opens is the link of the current row, unless the key is for what has the focus.
  const opens = (e) => e.target.closest?.('a,button,summary,label,input') ? null : cur() && $('.ttl a', cur());
  function chooseAll() { const c = queue() ? $$('[data-row] .cb', queue()) : []; c.forEach((x) => { x.checked = true; }); if (c.length) selection(); return c.length > 0; }
  D.addEventListener('keydown', (e) => {
    const ctrl = e.ctrlKey || e.metaKey, composer = e.target.closest?.('form.composer');
    waits = ''; // another key
    if (ctrl && e.key.toLowerCase() === 'k') { e.preventDefault(); openPalette(); return; }
    if (ctrl && e.key === 'Enter' && composer) { e.preventDefault(); composer.requestSubmit(); return; }
    if (e.isComposing || e.keyCode === 229 || e.altKey || $('dialog[open]') || H.dataset.keys === 'off') return;
    if (typing(e)) { if (e.key === 'Escape') e.target.blur(); return; }
    if (ctrl) {
      if (e.key.toLowerCase() === 'a' && !e.shiftKey && chooseAll()) e.preventDefault();
      if (e.key === 'Enter' && opens(e)) { e.preventDefault(); window.open(opens(e).href, '_blank', 'noopener'); }
      return;
    }
    const k = /^Key[A-Z]$/.test(e.code) ? e.code.slice(3).toLowerCase() : e.key;
    if (seq === 'g') { seq = ''; clearTimeout(seqTimer); const a = $(`[data-go="${k}"]`); if (a) { e.preventDefault(); location.assign(a.href); } return; }
    if (k === 'g') { seq = 'g'; seqTimer = setTimeout(() => { seq = ''; }, 1000); return; }
    if (k === '?') { if ($('#keys')) { offer(); $('#keys').showModal(); } return; }
    if (queue()) {
      if (k === 'j' || k === 'ArrowDown') { e.preventDefault(); move(1, e.shiftKey && k === 'j'); return; }
      if (k === 'k' || k === 'ArrowUp') { e.preventDefault(); move(-1, e.shiftKey && k === 'k'); return; }
      if (k === 'x') { const c = cur() && $('.cb', cur()); if (c) { c.checked = !c.checked; selection(); } return; }
      if (k === 'Escape') { unchoose(); return; }
      if (k === 'Enter' && opens(e)) { e.preventDefault(); opens(e).click(); return; }
    }
    if (k === 'Escape') { $('[data-back]')?.click(); return; }
    if (k.length === 1 && obey(k)) e.preventDefault();
  });

  selection(); // boxes that the browser kept ticked when coming back
  addEventListener('pageshow', selection);

  // ---- first focus of a failed form -----------------------------------------------
  ($('[data-focus]') ?? (!matchMedia('(pointer:coarse)').matches ? $$('form.act input:not([type=hidden]),form.act select,form.act textarea').find((x) => x.offsetParent) : null))?.focus();
  $$('body:not([data-page=components]) dialog[data-open]').forEach((d) => { d.removeAttribute('open'); d.showModal(); });
  window.deskToast = toast;
})();
