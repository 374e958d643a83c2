/* global SwaggerUIBundle */
// In a file of its own: the page's policy allows no script inside it.
SwaggerUIBundle({ url: "../openapi.json", dom_id: "#reference", deepLinking: true, validatorUrl: null });
