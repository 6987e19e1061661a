// The map of what a fault reaches. The list on the same page's other view says the same in words.
(() => {
  const box = document.getElementById('cy');
  if (!box || !window.cytoscape) return;
  const data = JSON.parse(box.dataset.graph);
  const css = (n) => getComputedStyle(document.documentElement).getPropertyValue('--' + n).trim();
  let cy;

  // Columns by distance (rows on a phone), each centred.
  function places(phone) {
    const levels = [];
    (data.nodes || []).forEach((n) => (levels[n.depth] ||= []).push(n.id));
    const at = {};
    levels.forEach((ids, depth) => ids.forEach((id, i) => {
      const across = (i - (ids.length - 1) / 2) * (phone ? 140 : 54), along = depth * (phone ? 88 : 190);
      at[id] = phone ? { x: across, y: along } : { x: along, y: across };
    }));
    return at;
  }

  function draw() {
    cy?.destroy();
    const dark = css('surface') === '#141820', phone = innerWidth < 600, at = places(phone);
    const edgeOf = (c) => (dark ? css(c + '-text') : css(c));
    cy = window.cytoscape({
      container: box,
      elements: [
        ...(data.nodes || []).map((n) => ({ data: { id: n.id, label: n.label, url: n.url }, classes: n.look })),
        ...(data.edges || []).map((e, i) => ({ data: { id: 'e' + i, source: e.from, target: e.to }, classes: e.hot ? 'hot' : '' })),
      ],
      style: [
        { selector: 'node', style: { shape: 'round-rectangle', width: 128, height: 36, label: 'data(label)', 'text-valign': 'center', 'text-halign': 'center', 'text-max-width': 120, 'text-wrap': 'ellipsis', 'font-size': 13, 'font-family': getComputedStyle(document.body).fontFamily, color: css('text'), 'background-color': css('surface'), 'border-width': 1.5, 'border-color': css('line-ctl') } },
        { selector: '.me', style: { 'background-color': css('accent'), 'border-color': css('accent'), color: css('on-accent') || '#fff', 'font-weight': 600 } },
        { selector: '.bad', style: { 'background-color': css('red-soft'), 'border-color': edgeOf('red'), 'border-width': 2, color: css('red-text') } },
        { selector: '.warn', style: { 'background-color': css('amber-soft'), 'border-color': edgeOf('amber'), color: css('amber-text') } },
        { selector: 'edge', style: { width: 1.5, 'line-color': css('line-ctl'), 'target-arrow-color': css('line-ctl'), 'target-arrow-shape': 'triangle', 'arrow-scale': 0.9, 'curve-style': 'taxi', 'taxi-direction': phone ? 'downward' : 'rightward', 'taxi-turn': '50%' } },
        { selector: 'edge.hot', style: { 'line-color': edgeOf('red'), 'target-arrow-color': edgeOf('red'), width: 2 } },
      ],
      layout: { name: 'preset', positions: (n) => at[n.id()] },
      minZoom: 0.1,
      maxZoom: 2,
    });
    cy.fit(undefined, phone ? 44 : 64);
    if (cy.zoom() > 1.05) { cy.zoom(1.05); cy.center(); }
    cy.on('tap', 'node', (e) => { const url = e.target.data('url'); if (url) location.assign(url); });
  }

  document.addEventListener('click', (e) => {
    const how = e.target.closest('[data-zoom]')?.dataset.zoom;
    if (!how || !cy) return;
    if (how === 'fit') cy.fit(undefined, 64);
    else cy.zoom({ level: cy.zoom() * (how === 'in' ? 1.25 : 0.8), renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
  });
  draw();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
})();
