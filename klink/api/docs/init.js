"use strict";

// Addresses are relative to the page, so that it works behind any prefix.
const links = [...document.querySelectorAll("nav a")];
const here = location.origin + location.pathname + location.search;
const chosen = links.find((link) => link.href === here) || links[0];
chosen.setAttribute("aria-current", "page");

SwaggerUIBundle({
  url: chosen.dataset.description,
  dom_id: "#docs",
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
