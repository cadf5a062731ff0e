import '../../page.js';
