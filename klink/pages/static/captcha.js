// Does the work that a form with a captcha asks for, while its visitor reads the page. All texts
// come with the page. Whoever is faster than the check is taken on as soon as it is done.
(function () {
  "use strict";

  var box = document.querySelector("[data-captcha]");
  if (!box) return;
  var form = box.closest("form"), status = box.querySelector("[role=status]");
  var bar = box.querySelector("progress"), own = box.dataset.captcha === "altcha";
  var answer = own ? form.elements[box.dataset.field] : null;
  var stop = null; // ends the search that runs
  var isPressed = false, isSent = false;

  function say(text) {
    if (status.textContent !== text) status.textContent = text;
  }

  function isSolved() {
    var field = form.elements[box.dataset.field];
    return Boolean(field && field.value);
  }

  function end() {
    if (stop) stop();
    stop = null;
    if (bar) bar.hidden = true;
  }

  function fail() {
    end();
    isPressed = false;
    say(box.dataset.failed);
  }

  function solved(challenge, solution) {
    end();
    answer.value = btoa(JSON.stringify({challenge: challenge, solution: solution}));
    say(box.dataset.ready);
    if (!isPressed) return;
    isSent = true;
    HTMLFormElement.prototype.submit.call(form);
  }

  function inWorker(task, challenge) {
    var worker = new Worker(box.dataset.worker);
    stop = function () { worker.onmessage = worker.onerror = null; worker.terminate(); };
    worker.onmessage = function (message) {
      if (message.data.solution) solved(challenge, message.data.solution);
      else bar.value = message.data.tried / task.most;
    };
    // Where the worker cannot be loaded, or not run, the page does its work.
    worker.onerror = function () { end(); inPage(task, challenge); };
    worker.postMessage(task);
  }

  function inPage(task, challenge) {
    var isStopped = false, script = document.createElement("script");
    stop = function () { isStopped = true; };
    bar.hidden = false;
    script.src = box.dataset.worker;
    script.onerror = fail;
    script.onload = function () {
      if (isStopped) return;
      var search;
      try { search = new self.klinkSearch(task.parameters); } catch (error) { return fail(); }
      (function slice() {
        if (isStopped) return;
        var solution = null, until = Date.now() + 12; // so that the page stays alive
        while (!solution && search.counter <= task.most && Date.now() < until) {
          solution = search.try(500);
        }
        bar.value = search.counter / task.most;
        if (solution) solved(challenge, solution);
        else if (search.counter > task.most) fail();
        else setTimeout(slice);
      })();
    };
    document.head.appendChild(script);
  }

  function start() {
    var details = JSON.parse(box.dataset.details), challenge = details.challenge;
    var task = {parameters: challenge.parameters, most: details.max_counter};
    bar.hidden = false;
    say(box.dataset.working);
    try { inWorker(task, challenge); } catch (error) { inPage(task, challenge); }
  }

  form.addEventListener("submit", function (event) {
    if (isSent) return event.preventDefault(); // a second click would send the same answer again
    if (isSolved()) { isSent = true; return; }
    event.preventDefault();
    if (!own) return say(box.dataset.waiting);
    isPressed = true;
    if (!stop) start();
    say(box.dataset.waiting);
  });

  addEventListener("pagehide", function () { if (own && !isSolved()) end(); });
  addEventListener("pageshow", function (event) {
    if (!event.persisted) return;
    isSent = isPressed = false;
    if (own && !isSolved() && !stop) start();
  });

  if (!own) return;
  answer.value = ""; // browsers keep what fields held, and this is used up
  if (document.prerendering) document.addEventListener("prerenderingchange", start, {once: true});
  else start();
})();
