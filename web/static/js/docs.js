// Starts swagger-ui on /api/docs; a file of its own, since the page's policy allows no inline script.
window.addEventListener('load', () => {
  window.SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null, syntaxHighlight: false });
});
