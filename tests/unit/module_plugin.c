/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module_plugin.c - a small library that calls back; built twice, with another PLUGIN_NUMBER.
 */
int plugin_call(int (*callback)(void *), void *data);
int plugin_number(void);

int plugin_number(void)
{
	return PLUGIN_NUMBER;
}

int plugin_call(int (*callback)(void *), void *data)
{
	return callback(data) + PLUGIN_NUMBER;
}
