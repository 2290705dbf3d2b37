'use strict';

// The search page. Texts of documents and queries reach the page as text nodes only, so markup in
// them is shown as it is. Without a build tool and without a library.

const THEME = 'flink-splade-theme';
const TOKEN = 'flink-splade-token';
const MATCHED_ROWS = 10;
const QUERY_ROWS = 25;
const OTHER_ROWS = 4;

applyTheme(localStorage.getItem(THEME));
addEventListener('DOMContentLoaded', start);

/** What the address bar states: the query, the index, the filters. */
let state = {query: '', index: '', hybrid: false, filters: []};
let indexes = [];
let running = null;

function applyTheme(theme) {
  if (theme) {
    document.documentElement.dataset.theme = theme;
  }
}

function isDark() {
  const theme = document.documentElement.dataset.theme;
  return theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

function byId(id) {
  return document.getElementById(id);
}

/** A new element with a class and children, which are nodes or texts. */
function element(name, className, ...children) {
  const created = document.createElement(name);
  if (className) {
    created.className = className;
  }
  created.append(...children);
  return created;
}

async function start() {
  nameThemeButton();
  byId('theme').addEventListener('click', () => {
    const theme = isDark() ? 'light' : 'dark';
    localStorage.setItem(THEME, theme);
    applyTheme(theme);
    nameThemeButton();
  });
  byId('search').addEventListener('submit', event => {
    event.preventDefault();
    go({...state, query: byId('query').value.trim()});
  });
  byId('index').addEventListener('change', () =>
      go({...state, index: byId('index').value, filters: []}));
  byId('hybrid').addEventListener('change', () =>
      go({...state, hybrid: byId('hybrid').checked}));
  byId('login').addEventListener('submit', event => {
    event.preventDefault();
    sessionStorage.setItem(TOKEN, byId('token').value.trim());
    byId('token').value = '';
    byId('login').hidden = true;
    load();
  });
  document.addEventListener('keydown', onKey);
  addEventListener('popstate', () => {
    state = parse(location.search);
    show();
  });
  state = parse(location.search);
  await load();
}

function nameThemeButton() {
  const other = isDark() ? 'Light' : 'Dark';
  byId('theme').textContent = other;
  byId('theme').setAttribute('aria-label', other + ' colors');
}

// Address bar

function parse(search) {
  const parameters = new URLSearchParams(search);
  return {
    query: parameters.get('q') || '',
    index: parameters.get('index') || '',
    hybrid: parameters.get('hybrid') === 'true',
    filters: parameters.getAll('filter').filter(text => text.includes('=')).map(text => {
      const at = text.indexOf('=');
      return {field: text.slice(0, at), value: text.slice(at + 1)};
    }),
  };
}

function format(from) {
  const parameters = new URLSearchParams();
  if (from.query) {
    parameters.set('q', from.query);
  }
  if (from.index) {
    parameters.set('index', from.index);
  }
  if (from.hybrid) {
    parameters.set('hybrid', 'true');
  }
  for (const {field, value} of from.filters) {
    parameters.append('filter', field + '=' + value);
  }
  return parameters.size ? '?' + parameters : location.pathname;
}

function go(next) {
  state = next;
  history.pushState(null, '', format(state));
  show();
}

// Requests

/** Calls the server; throws an error with its message. */
async function call(path, body, signal) {
  const headers = {};
  const token = sessionStorage.getItem(TOKEN);
  if (token) {
    headers.Authorization = 'Bearer ' + token;
  }
  if (body) {
    headers['Content-Type'] = 'application/json';
  }
  let response;
  try {
    response = await fetch(path, {
      method: body ? 'POST' : 'GET', headers, signal, body: body && JSON.stringify(body)});
  } catch (error) {
    throw error.name === 'AbortError' ? error : new Error('The server is unreachable.');
  }
  const answer = await response.json().catch(() => ({error: 'The server sent no JSON.'}));
  if (response.status === 401) {
    byId('login').hidden = false;
    byId('token').focus();
  }
  if (!response.ok) {
    throw new Error(answer.error || 'The server answered with ' + response.status + '.');
  }
  return answer;
}

async function load() {
  try {
    indexes = (await call('indexes')).indexes;
  } catch (error) {
    report(error.message, true);
    return;
  }
  if (indexes.length === 0) {
    byId('search').hidden = true;
    report('This server has no index. It answers POST /embed_sparse; openapi.json describes it.');
    return;
  }
  byId('index').replaceChildren(...indexes.map(index => new Option(index.name, index.name)));
  byId('index').parentElement.hidden = indexes.length === 1;
  if (!indexes.some(index => index.name === state.index)) {
    state.index = '';
  }
  show();
  if (!state.query) {
    byId('query').focus();
  }
}

function report(message, isError) {
  byId('status').textContent = message;
  byId('status').classList.toggle('error', Boolean(isError));
}

/** Shows the state, and searches if it has a query. */
async function show() {
  const index = indexes.find(each => each.name === state.index) || indexes[0];
  byId('query').value = state.query;
  byId('index').value = index.name;
  byId('hybrid-option').hidden = !index.hybrid;
  byId('hybrid').checked = state.hybrid;
  document.title = (state.query ? state.query + ' - ' : '') + 'flink-splade';
  showFilters();
  if (running) {
    running.abort();
  }
  if (!state.query) {
    showHits(null);
    report('');
    return;
  }
  const filter = {};
  for (const {field, value} of state.filters) {
    (filter[field] = filter[field] || []).push(value);
  }
  running = new AbortController();
  byId('hits').setAttribute('aria-busy', 'true');
  try {
    const hybrid = state.hybrid && index.hybrid;
    const answer = await call('search', {
      query: state.query, index: index.name, k: 10, explain: true, hybrid, filter}, running.signal);
    showHits(answer, hybrid);
    const count = answer.hits.length;
    report((count === 0 ? 'No hits' : count === 1 ? '1 hit' : count + ' best hits')
        + ' in ' + answer.took_ms.toFixed(answer.took_ms < 10 ? 1 : 0) + ' ms'
        + (answer.truncated ? '. The query is longer than the limit and was truncated.' : ''));
  } catch (error) {
    if (error.name !== 'AbortError') {
      showHits(null);
      report(error.message, true);
    }
  }
}

function showFilters() {
  byId('filters').replaceChildren(...state.filters.map(filter => {
    const button = element('button', 'chip', element('span', 'field', filter.field + ': '),
        filter.value, ' \u00d7');
    button.type = 'button';
    button.setAttribute('aria-label', 'Remove the filter ' + filter.field + ': ' + filter.value);
    button.addEventListener('click', () =>
        go({...state, filters: state.filters.filter(each => each !== filter)}));
    return element('li', '', button);
  }));
}

// Hits

function showHits(answer, hybrid) {
  byId('hits').removeAttribute('aria-busy');
  byId('expansion').hidden = !answer;
  byId('legend').hidden = !answer || answer.hits.length === 0;
  if (!answer) {
    byId('hits').replaceChildren();
    return;
  }
  const tokens = new Set(answer.query.tokens.map(plain));
  const query = new Map(Object.entries(answer.query.terms));
  byId('expansion-terms').replaceChildren(table(
      [...query].slice(0, QUERY_ROWS).map(([term, weight]) => ({term, query: weight})),
      tokens, false));
  byId('hits').replaceChildren(
      ...answer.hits.map(hit => hitElement(hit, query, tokens, hybrid)));
}

function hitElement(hit, query, tokens, hybrid) {
  const item = element('li', 'hit');
  item.tabIndex = -1;
  const head = element('div', 'head', element('span', '', hit.rank + '.'),
      element('span', 'id', hit.id),
      element('span', 'score', 'score ' + hit.score.toFixed(hybrid ? 4 : 2)));
  const text = 'text' in hit
      ? element('p', 'text', ...highlighted(hit.text, hit.terms, tokens))
      : element('p', 'text missing', 'The index does not store the text.');
  const why = element('button', 'plain why', 'Why did this match?');
  why.type = 'button';
  why.setAttribute('aria-expanded', 'false');
  const tail = element('div', 'tail', ...fields(hit.fields || {}).map(chip), why);
  item.append(head, text, tail);
  why.addEventListener('click', () => {
    const open = item.classList.toggle('open');
    why.setAttribute('aria-expanded', String(open));
    if (open) {
      item.append(explanation(hit, query, tokens));
    } else {
      item.lastChild.remove();
    }
  });
  return item;
}

/** The values of a JSON object with their paths. */
function fields(object, prefix) {
  return Object.entries(object).flatMap(([name, value]) => {
    const field = prefix ? prefix + '.' + name : name;
    const values = Array.isArray(value) ? value : [value];
    return values.flatMap(each =>
        each === null || Array.isArray(each) ? []
            : typeof each === 'object' ? fields(each, field) : [{field, value: String(each)}]);
  });
}

function chip(filter) {
  const button = element('button', 'chip', element('span', 'field', filter.field + ': '),
      filter.value);
  button.type = 'button';
  button.title = 'Only documents with ' + filter.field + ': ' + filter.value;
  button.addEventListener('click', () => {
    const known = state.filters.some(
        each => each.field === filter.field && each.value === filter.value);
    if (!known) {
      go({...state, filters: [...state.filters, filter]});
    }
  });
  return button;
}

/** A term or word without the marks of subword vocabularies, case and accents. */
function plain(term) {
  return term.replace(/^[\u2581\u0120]/, '').toLowerCase().normalize('NFD')
      .replace(/\p{M}/gu, '');
}

/** The text with its matched words marked. */
function highlighted(text, terms, tokens) {
  const matched = new Set(Object.keys(terms).map(plain));
  return text.split(/([\p{L}\p{M}\p{N}]+)/u).filter(Boolean).map(part => {
    const word = matchedTerm(plain(part), matched);
    return word === null ? part
        : element('mark', tokens.has(word) ? 'exact' : 'expanded', part);
  });
}

/** The term that a word is, or that it begins with if the rest is a matched subword. */
function matchedTerm(word, matched) {
  if (matched.has(word)) {
    return word;
  }
  for (let at = word.length - 1; at > 1; at--) {
    if (matched.has(word.slice(0, at)) && matched.has('##' + word.slice(at))) {
      return word.slice(0, at);
    }
  }
  return null;
}

function explanation(hit, query, tokens) {
  const documentTerms = new Map(Object.entries(hit.document_terms || {}));
  const matched = Object.entries(hit.terms).slice(0, MATCHED_ROWS).map(([term, part]) => ({
    term,
    part,
    query: query.get(term),
    document: documentTerms.get(term) ?? part / query.get(term),
  }));
  const isOther = ([term]) => !(term in hit.terms);
  const others = [
    ...[...query].filter(isOther).slice(0, OTHER_ROWS)
        .map(([term, weight]) => ({term, query: weight})),
    ...[...documentTerms].filter(isOther).slice(0, OTHER_ROWS)
        .map(([term, weight]) => ({term, document: weight})),
  ];
  const result = element('div', 'terms', table([...matched, ...others], tokens, true));
  const more = Object.keys(hit.terms).length - matched.length;
  result.append(element('p', '',
      matched.length === 0
          ? 'No term of the vectors matches; the hit was found by BM25, by the words of its text.'
          : 'A term adds its weight in the query times its weight in the document to the score'
              + (more > 0 ? '; ' + more + ' more terms match.' : '.')));
  return result;
}

/** Terms with bars for their weights; rows with both weights are matched. */
function table(rows, tokens, hasDocument) {
  const maxQuery = Math.max(...rows.map(row => row.query || 0));
  const maxDocument = Math.max(...rows.map(row => row.document || 0));
  const head = element('tr', '');
  const body = element('tbody', '');
  const heading = (className, text) => {
    const cell = element('th', className, text);
    cell.scope = 'col';
    head.append(cell);
  };
  heading('query', 'query');
  heading('term', 'term');
  if (hasDocument) {
    heading('document', 'document');
    heading('part', 'score');
  }
  for (const row of rows) {
    const line = element('tr', '');
    line.classList.toggle('token', tokens.has(plain(row.term)));
    line.classList.toggle('unmatched', hasDocument && row.part === undefined);
    const term = element('th', 'term', row.term);
    term.scope = 'row';
    term.title = row.term;
    line.append(element('td', 'query', bar(row.query, maxQuery)), term);
    if (hasDocument) {
      line.append(element('td', 'document', bar(row.document, maxDocument)),
          element('td', 'part', row.part === undefined ? '' : '+' + row.part.toFixed(2)));
    }
    body.append(line);
  }
  return element('table', '', element('thead', '', head), body);
}

function bar(weight, max) {
  if (weight === undefined) {
    return '';
  }
  const line = element('i', '');
  line.style.width = (65 * weight / max).toFixed(1) + '%';
  return element('div', 'weight', line, element('span', '', weight.toFixed(2)));
}

// Keyboard

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const target = event.target;
  const inField = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
  const hits = [...byId('hits').children];
  const at = hits.findIndex(hit => hit.contains(document.activeElement));
  if (event.key === '/' && !inField) {
    byId('query').focus();
    byId('query').select();
  } else if (event.key === 'ArrowDown' && (!inField || target === byId('query'))
      && hits.length > 0) {
    hits[Math.min(at + 1, hits.length - 1)].focus();
  } else if (event.key === 'ArrowUp' && at >= 0) {
    (at === 0 ? byId('query') : hits[at - 1]).focus();
  } else if (event.key === 'Enter' && at >= 0 && target === hits[at]) {
    hits[at].querySelector('.why').click();
  } else {
    return;
  }
  event.preventDefault();
}
