// Dragging the window of a planned change to another day. The form goes to the server like any other: what it refuses
// comes back with the reasons, and the change is where it was. By keyboard and on a phone the plan's own form does it.
(() => {
  const form = document.getElementById('move');
  if (!form) return;
  if (matchMedia('(pointer: fine)').matches) document.querySelectorAll('[data-drag-hint]').forEach((x) => { x.hidden = false; });
  const ask = document.getElementById('move-void');
  const days = (from, to) => Math.round((Date.parse(to + 'T00:00:00Z') - Date.parse(from + 'T00:00:00Z')) / 864e5);
  let held = null; // what is dragged, and the day it was taken from

  document.querySelectorAll('[data-move]').forEach((ev) => {
    ev.draggable = true;
    ev.addEventListener('dragstart', (e) => {
      held = { ev, day: ev.closest('[data-day]').dataset.day };
      e.dataTransfer.effectAllowed = 'move';
      e.dataTransfer.setData('text/plain', ev.textContent.trim());
    });
    ev.addEventListener('dragend', () => { held = null; clear(); });
  });
  const clear = () => document.querySelectorAll('td.drop').forEach((x) => x.classList.remove('drop'));
  document.querySelectorAll('td[data-day]').forEach((td) => {
    td.addEventListener('dragover', (e) => {
      if (!held || td.dataset.day === held.day) return;
      e.preventDefault();
      e.dataTransfer.dropEffect = 'move';
      clear();
      td.classList.add('drop');
    });
    td.addEventListener('drop', (e) => {
      if (!held) return;
      e.preventDefault();
      const by = days(held.day, td.dataset.day), { ev } = held;
      if (by === 0) return;
      form.action = ev.dataset.move + (form.dataset.query ? '?' + form.dataset.query : '');
      form.elements.version.value = ev.dataset.version;
      form.elements.days.value = by;
      form.elements.void.value = '';
      if ('voids' in ev.dataset) ask.showModal();
      else form.requestSubmit();
    });
  });
  ask.querySelector('[data-move-void]').addEventListener('click', () => { form.elements.void.value = '1'; ask.close(); form.requestSubmit(); });
})();
